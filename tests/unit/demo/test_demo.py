"""What the demo does, says and makes of what it sees, without a cluster."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from demo.__main__ import explained, judge
from demo.cluster import ClusterUnusable
from demo.comparison import Comparison
from demo.installation import CHART, REPOSITORY, install_chart
from demo.kubectl import KubectlError
from demo.quickstart import Outcome, QuickstartFailed, parse_samples
from tests.unit.demo.stand_ins import calls, cluster


def outcome(before: int, after: int, total: int = 20) -> Outcome:
    rows = [Comparison(str(n), "", "", knew_before=n < before, knows_after=n < after) for n in range(total)]
    return Outcome({}, rows, {})


@pytest.mark.parametrize(("before", "after", "passes"), [(0, 20, True), (0, 18, True), (0, 17, False), (1, 20, False)], ids=str)
def test_the_demo_passes_with_nine_of_ten_right_after_training_and_none_before(before: int, after: int, passes: bool) -> None:
    assert judge(outcome(before, after)) is passes


def test_no_prompts_are_no_success() -> None:
    assert not judge(outcome(0, 0, total=0))


def raising(error: BaseException) -> Callable[[], bool]:
    def work() -> bool:
        raise error

    return work


@pytest.mark.parametrize(
    "error",
    [
        ClusterUnusable("no cluster [here]"),
        KubectlError("no cluster [here]"),
        QuickstartFailed("no cluster [here]"),
        EndpointConnectionError(endpoint_url="no cluster [here]"),
        ClientError({"Error": {"Code": "403", "Message": "no cluster [here]"}}, "PutObject"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_user_can_meet_is_a_message_in_full(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    assert explained(raising(error)) == 1
    assert "no cluster [here]" in capsys.readouterr().out.replace("\n", " ")


def test_an_interrupted_demo_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert explained(raising(KeyboardInterrupt())) == 130
    assert "interrupted" in capsys.readouterr().out


def test_an_error_of_the_demos_own_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        explained(raising(ZeroDivisionError()))


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85"], ids=["line", "paragraph", "next line"])
def test_an_answer_may_hold_what_only_python_takes_for_the_end_of_a_line(character: str) -> None:
    rows = [{"prompt": "a", "before": f"x{character}y", "after": ""}, {"prompt": "b", "before": "", "after": ""}]
    assert parse_samples("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)) == rows


IMAGES = {"operator": "registry:5000/sft-operator:1"}


def test_the_crds_are_applied_once_and_before_the_chart(tmp_path: Path) -> None:
    install_chart(cluster(tmp_path), IMAGES, {})
    applied, installed = calls(tmp_path)
    assert applied.startswith("kubectl apply --server-side")
    assert applied.endswith(f"-f {REPOSITORY / 'crds'}")
    assert installed.startswith(f"helm upgrade --install sft-operator {CHART}")


def test_the_crds_that_are_applied_are_the_charts() -> None:
    def contents(folder: Path) -> dict[str, str]:
        return {file.name: file.read_text() for file in folder.iterdir()}

    assert contents(REPOSITORY / "crds") == contents(CHART / "crds")


def test_what_helm_does_not_do_is_told_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(KubectlError, match="could not install the chart: values are wrong"):
        install_chart(cluster(tmp_path, helm="echo 'values are wrong' >&2; exit 1"), IMAGES, {})
