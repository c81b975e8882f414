"""One dataset of everything a team has lying around: two languages, three places, three shapes, one of them in GBK."""

from __future__ import annotations

import json
from typing import Any

import pytest

from demo import bucket
from demo.quickstart import MODEL_URI, condition
from tests.e2e.team import TEN_ROWS, Status, Team, dataset, inline_dataset

pytestmark = pytest.mark.e2e

CHINESE = "问题,回答\r\n" + "".join(
    f"第{number}号会议室的门禁密码是多少？,第{number}号会议室的门禁密码是{number * 53}。\r\n" for number in range(1, 21)
)
CHATS = [
    {
        "conversations": [
            {"from": "human", "value": f"Where is desk {n}?"},
            {"from": "gpt", "value": f"Desk {n} is in room {n * 3}."},
        ]
    }
    for n in range(12)
]


def report_of(team: Team, uri: str) -> dict[str, Any]:
    store = bucket.s3_client(team.cluster.store)
    name, key = bucket.split_uri(uri.replace("report.html", "report.json"))
    content: dict[str, Any] = json.loads(store.get_object(Bucket=name, Key=key)["Body"].read())
    return content


def test_a_gbk_table_a_config_map_of_chats_and_inline_rows_become_one_dataset(team: Team) -> None:
    team.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "chats"},
            "data": {"chats.json": json.dumps(CHATS, indent=1)},
        }
    )
    folder = team.upload("faq/会议室.csv", CHINESE.encode("gb18030")).rpartition("/")[0] + "/"
    team.upload("faq/notes.txt", b"not for training")
    sources: list[dict[str, Any]] = [
        {"name": "rooms", "s3": {"uri": folder, "files": "*.csv"}, "language": "zh", "domain": "office"},
        {"name": "chats", "configMap": {"name": "chats"}, "domain": "office", "license": "CC-BY-4.0"},
        {"name": "codes", "inline": {"jsonl": TEN_ROWS}, "samplePercent": 50},
    ]
    team.apply(dataset("mixed", sources, domains=[{"domain": "office", "maxRows": 30}], dedupe={"near": {"action": "Keep"}}))
    status = team.wait_until_ready("mixed")
    assert status["accounting"]["read"] == 20 + 12 + 10
    assert status["version"]["rows"] == 30 + 5
    assert status["accounting"]["rejected"] == {"NotSampled": 7}
    files = {source["name"]: source["detections"] for source in report_of(team, status["reportURI"])["sources"]}
    (rooms,) = files["rooms"]
    (chats,) = files["chats"]
    assert "gb18030" in json.dumps(rooms).lower()
    assert "table" in json.dumps(rooms)
    assert "JSON array" in json.dumps(chats)


def test_tokens_are_counted_for_the_model_and_other_trainers_shapes_lie_beside_the_version(team: Team) -> None:
    spec: dict[str, Any] = {
        "features": {"model": {"s3": {"uri": MODEL_URI}}, "sequenceLengths": [64, 512]},
        "exports": ["OpenAI"],
    }
    team.apply(inline_dataset("counted", **spec))
    status = team.wait_until_ready("counted")
    assert status["version"]["tokens"] > status["version"]["trainedTokens"] > 10 * 8, "ten answers of some words"
    cuts = report_of(team, status["reportURI"])["features"]["tokens"]["cuts"]
    assert [(cut["maxSequenceLength"], cut["rows"]) for cut in cuts] == [(64, 0), (512, 0)]
    folder = f"{team.namespace}/datasets/counted/exports/{status['version']['digest']}/OpenAI"
    exported = {key.removeprefix(f"{folder}/") for key in team.output() if key.startswith(folder)}
    assert exported == {"train.jsonl", "export.json", "MANIFEST.json"}


@pytest.mark.matrix
def test_a_changed_source_is_said_in_a_condition_and_taken_in_only_when_asked_for(team: Team) -> None:
    folder = team.upload("faq/a.jsonl", TEN_ROWS.encode()).rpartition("/")[0] + "/"

    def watched(run: int) -> dict[str, Any]:
        return dataset("watched", [{"name": "faq", "s3": {"uri": folder}}], drift={"checkSeconds": 60}, run=run)

    team.apply(watched(run=1))
    first = team.wait_until_ready("watched")["version"]
    unchanged = team.wait_for_condition("instructiondataset", "watched", "SourcesChanged", "False", 120)
    assert condition(unchanged, "SourcesChanged")["reason"] == "SourcesUnchanged"
    team.upload("faq/a.jsonl", TEN_ROWS.replace("code", "number").encode())
    team.upload("faq/b.jsonl", TEN_ROWS.replace("code", "colour").encode())
    changed = team.wait_for_condition("instructiondataset", "watched", "SourcesChanged", "True", 150)
    assert "source 'faq': 1 changed (a.jsonl), 1 new (b.jsonl)" in condition(changed, "SourcesChanged")["message"]
    assert "raise spec.run" in condition(changed, "SourcesChanged")["message"]
    assert changed["version"] == first
    assert condition(changed, "Ready")["status"] == "True"
    team.apply(watched(run=2))

    def is_of_second_run(status: Status) -> bool:
        return bool(condition(status, "Ready").get("status") == "True" and status["version"]["run"] == 2)

    second = team.wait("instructiondataset", "watched", is_of_second_run, 120)
    assert second["version"]["rows"] == 20
    assert condition(second, "SourcesChanged") == {}, "nothing is known of the new version's sources yet"


def described(team: Team, name: str) -> str:
    """What a user reads, as one line: kubectl folds long messages."""
    return " ".join(team.cluster.kubectl.run("describe", "instructiondataset", name, "-n", team.namespace).split())


def test_kubectl_describe_is_enough_to_mend_a_dataset_of_an_unknown_shape(team: Team) -> None:
    rows = [{"nr": n, "ask": f"Who sits in room {n}?", "reply": f"Number {n * 7} sits in room {n}."} for n in range(25)]
    uri = team.upload("people.jsonl", "\n".join(map(json.dumps, rows)).encode())
    source: dict[str, Any] = {"name": "people", "s3": {"uri": uri}}
    team.apply(dataset("people", [source]))
    team.wait_for_condition("instructiondataset", "people", "Stalled", "True", 120)
    text = described(team, "people")
    assert "people.jsonl are of no shape that is known" in text
    assert "ask, reply" in text, "the names it has"
    assert "fieldMap" in text
    team.apply(dataset("people", [source | {"fieldMap": {"prompt": "ask", "response": "reply"}}]))
    assert team.wait_until_ready("people")["version"]["rows"] == 25


def test_kubectl_describe_counts_what_was_rejected_and_names_the_first_rows(team: Team) -> None:
    broken = "\n".join([TEN_ROWS, '{"prompt": "Who?", "completion": " "}', "{cut off", '{"prompt": "Why?", "completion": ""}'])
    uri = team.upload("desk.jsonl", broken.encode())
    team.apply(dataset("desk", [{"name": "desk", "s3": {"uri": uri}}]))
    team.wait_for_condition("instructiondataset", "desk", "Stalled", "True", 120)
    text = described(team, "desk")
    assert "3 of 13 rows (23.1 %) were rejected, gates.maxRejectPercent is 20" in text
    assert "2 EmptyAnswer, 1 NotJson" in text
    assert "desk.jsonl line 11 (EmptyAnswer)" in text
    assert "maxRejectPercent" in text
    assert "/report.html" in text, "where every rejected row is listed"


def test_a_config_map_that_is_not_there_is_named_and_waited_for(team: Team) -> None:
    team.apply(dataset("waiting", [{"name": "rows", "configMap": {"name": "my-rows"}}]))
    status = team.wait("instructiondataset", "waiting", lambda status: "my-rows" in json.dumps(status), 60)
    assert "ConfigMapNotFound" in json.dumps(status["conditions"])
    team.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "my-rows"}, "data": {"a.jsonl": TEN_ROWS}})
    assert team.wait_until_ready("waiting", 180)["version"]["rows"] == 10
