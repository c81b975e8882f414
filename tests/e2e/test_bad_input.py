"""Bad input is answered where it is met: what was found, where, and what to do. No crash loops, no silent waiting."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from demo.cluster import Cluster
from demo.installation import SECRET_NAME, cpu_profile
from demo.quickstart import condition
from tests.e2e.operator_pod import restarts
from tests.e2e.team import API_VERSION, TEN_ROWS, Team, dataset, inline_dataset, tiny_job

pytestmark = [pytest.mark.e2e, pytest.mark.matrix]

OWN_SECRET = "own-keys"


@pytest.fixture(scope="module", autouse=True)
def _operator_survives_all_of_it(installed: Cluster) -> Iterator[None]:
    before = restarts(installed)
    yield
    assert restarts(installed) == before, "bad input restarts no operator"


@dataclass(frozen=True, slots=True)
class BadDataset:
    """A dataset that cannot become Ready, and what its condition must say."""

    name: str
    make: Callable[[Team], Mapping[str, Any]]
    reason: str
    says: tuple[str, ...]


def s3_source(uri: str, **more: str) -> list[dict[str, Any]]:
    return [{"name": "desk", "s3": {"uri": uri, **more}}]


def wrong_key(team: Team) -> Mapping[str, Any]:
    team.upload("faq.jsonl", TEN_ROWS.encode())
    return dataset("bad", s3_source(f"s3://raw/{team.namespace}/fag.jsonl"))


def with_own_secret(team: Team, uri: str, access_key: str, secret_key: str) -> Mapping[str, Any]:
    keys = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
    team.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": OWN_SECRET}, "stringData": keys})
    store = team.cluster.store
    return dataset("bad", s3_source(uri, secretName=OWN_SECRET, endpoint=store.endpoint, region=store.region))


def access_denied(team: Team) -> Mapping[str, Any]:
    uri = team.upload("faq.jsonl", TEN_ROWS.encode())
    return with_own_secret(team, uri, "nobody", "wrong-but-canary-7f3a")


def bucket_absent(team: Team) -> Mapping[str, Any]:
    store = team.cluster.store
    return with_own_secret(team, "s3://no-such-bucket/faq.jsonl", store.access_key, store.secret_key)


def inner_server(team: Team) -> Mapping[str, Any]:
    """The API server answers GET to anyone in the cluster: not an S3 server that a user may have read."""
    keys = {"AWS_ACCESS_KEY_ID": "canary-7f3a", "AWS_SECRET_ACCESS_KEY": "canary-7f3a"}
    team.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": OWN_SECRET}, "stringData": keys})
    source = s3_source("s3://version/x.json", secretName=OWN_SECRET, endpoint="https://kubernetes.default.svc")
    return dataset("bad", source)


BAD_DATASETS = [
    BadDataset("wrong key", wrong_key, "SourceNotFound", ("fag.jsonl was not found", "faq.jsonl", "correct the uri")),
    BadDataset(
        "bucket absent",
        bucket_absent,
        "BucketNotFound",
        ("bucket 'no-such-bucket' was not found", "create the bucket"),
    ),
    BadDataset("access denied", access_denied, "StoreDenied", ("denied access to s3://raw/", "check the keys in the Secret")),
    BadDataset(
        "empty file",
        lambda team: dataset("bad", s3_source(team.upload("empty.jsonl", b""))),
        "SourceEmpty",
        ("is empty", "upload the rows"),
    ),
    BadDataset(
        "neither JSON nor a table",
        lambda team: dataset("bad", s3_source(team.upload("notes.jsonl", b"Please call back on Monday.\n" * 50))),
        "SourceUnreadable",
        ("is neither JSON nor a table", "Please call back", "one JSON object a line"),
    ),
    BadDataset(
        "the cloud's metadata address",
        lambda team: dataset("bad", [{"name": "m", "http": {"url": "http://169.254.169.254/latest/", "sha256": "0" * 64}}]),
        "InvalidConfig",
        ("169.254.169.254", "https", "allowedPrivateHosts"),
    ),
    BadDataset(
        "an S3 endpoint inside the cluster",
        inner_server,
        "InvalidConfig",
        ("kubernetes.default.svc", "no public address", "allowedPrivateHosts"),
    ),
    BadDataset(
        "no such entry of the catalog",
        lambda team: dataset("bad", [{"name": "c", "catalog": {"name": "alpacca-zh"}}]),
        "SourceNotFound",
        ("the catalog has no 'alpacca-zh'", "docs/catalog.md"),
    ),
    BadDataset(
        "every row rejected",
        lambda team: inline_dataset("bad", "\n".join(json.dumps({"question": str(number)}) for number in range(5))),
        "NoRowsKept",
        ("none of 5 rows can be used", "5 UnknownShape", "line 1"),
    ),
    BadDataset(
        "too many rows rejected",
        lambda team: inline_dataset("bad", TEN_ROWS + '\n{"prompt": "x"}' * 5),
        "TooManyRejected",
        ("5 of 15 rows (33.3 %) were rejected", "gates.maxRejectPercent is 20"),
    ),
]


@pytest.mark.parametrize("case", BAD_DATASETS, ids=lambda case: case.name)
def test_a_dataset_that_cannot_be_prepared_says_why(team: Team, case: BadDataset) -> None:
    team.apply(case.make(team))
    status = team.wait_for_condition("instructiondataset", "bad", "Stalled", "True")
    ready = condition(status, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", case.reason)
    for words in case.says:
        assert words in ready["message"] + status["failure"]["remedy"]
    assert "canary-7f3a" not in json.dumps(status)
    assert len(team.jobs()) <= 1, "what no retry can help is not tried again"


def test_a_mended_dataset_becomes_ready(team: Team) -> None:
    team.apply(wrong_key(team))
    team.wait_for_condition("instructiondataset", "bad", "Stalled", "True")
    team.apply(dataset("bad", s3_source(f"s3://raw/{team.namespace}/faq.jsonl")))
    assert team.wait_until_ready("bad")["version"]["rows"] == 10


def test_a_job_whose_dataset_is_not_there_says_so_and_runs_once_it_is(team: Team) -> None:
    team.apply(tiny_job("early", "later"))
    status = team.wait_for_condition("sftjob", "early", "DatasetsReady", "False")
    missing = condition(status, "DatasetsReady")
    assert missing["reason"] == "DatasetNotFound"
    assert "'later'" in missing["message"]
    assert condition(status, "Reconciling")["status"] == "True"
    assert not team.jobs()
    team.apply(inline_dataset("later"))
    assert team.wait_until_succeeded("early")["artifact"]["manifestDigest"]


def test_a_missing_secret_is_named_and_the_run_goes_on_once_it_is_there(installed: Cluster, team: Team) -> None:
    installed.kubectl.run("delete", "secret", SECRET_NAME, "-n", team.namespace)
    team.apply(inline_dataset("waiting"))
    status = team.wait(
        "instructiondataset", "waiting", lambda status: condition(status, "Ready").get("reason") == "SecretNotFound", 60
    )
    assert f"'{SECRET_NAME}'" in condition(status, "Ready")["message"]
    keys = {"AWS_ACCESS_KEY_ID": installed.store.access_key, "AWS_SECRET_ACCESS_KEY": installed.store.secret_key}
    team.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET_NAME}, "stringData": keys})
    # The kubelet tries a failed mount again after at most two minutes.
    team.wait_until_ready("waiting", timeout_seconds=200)


def test_a_secret_that_lacks_a_key_is_named_with_the_key(team: Team) -> None:
    half = {"AWS_ACCESS_KEY_ID": "only-half-of-it"}
    team.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": OWN_SECRET}, "stringData": half})
    team.apply(dataset("waiting", s3_source("s3://elsewhere/faq.jsonl", secretName=OWN_SECRET)))
    status = team.wait(
        "instructiondataset", "waiting", lambda status: condition(status, "Ready").get("reason") == "SecretNotFound", 60
    )
    assert "lacks the key AWS_SECRET_ACCESS_KEY" in condition(status, "Ready")["message"]


def test_a_model_folder_without_weights_fails_in_the_plan(team: Team) -> None:
    uri = team.upload("model/pytorch_model.bin", b"\x80\x04N.")
    team.apply(inline_dataset("rows"), tiny_job("bad", "rows", model={"s3": {"uri": uri.removesuffix("pytorch_model.bin")}}))
    status = team.wait_for_condition("sftjob", "bad", "Succeeded", "False")
    assert status["failure"]["reason"] == "ModelWithoutWeights"
    assert "pytorch_model.bin" in status["failure"]["message"]
    assert "safetensors" in status["failure"]["remedy"]
    assert not status.get("attempts"), "no training pod was started"


def profile(cluster: Cluster, name: str, **changes: Any) -> dict[str, Any]:
    spec = cpu_profile(cluster) | {"default": False} | changes
    return {"apiVersion": API_VERSION, "kind": "TrainingProfile", "metadata": {"name": name}, "spec": spec}


def test_a_profile_that_the_namespace_may_not_use_is_refused(installed: Cluster, team: Team) -> None:
    team.apply(profile(installed, "not-for-you", allowedNamespaces=["somebody-else"]))
    team.apply(inline_dataset("rows", profileName="not-for-you"), tiny_job("job", "rows", profileName="not-for-you"))
    for kind, name in (("instructiondataset", "rows"), ("sftjob", "job")):
        status = team.wait_for_condition(kind, name, "Accepted", "False")
        accepted = condition(status, "Accepted")
        assert accepted["reason"] == "NamespaceNotAllowed"
        assert "not-for-you" in accepted["message"]
        assert team.namespace in accepted["message"]
        assert status["phase"] == "Refused", "it is seen in the list"
    assert not team.jobs()


def test_a_gpu_that_no_node_has_is_said_while_the_pod_waits(installed: Cluster, team: Team) -> None:
    resources = cpu_profile(installed)["resources"] | {"gpu": {"count": 3}}
    team.apply(profile(installed, "three-gpus", allowedNamespaces=["*"], resources=resources))
    team.apply(inline_dataset("rows"), tiny_job("big", "rows", profileName="three-gpus"))
    status = team.wait("sftjob", "big", lambda status: condition(status, "PodsReady").get("reason") == "Unschedulable", 150)
    assert "nvidia.com/gpu" in condition(status, "PodsReady")["message"]
    assert "Use another profile" in condition(status, "PodsReady")["message"]
    assert condition(status, "Succeeded").get("status") == "Unknown"


def test_a_uri_outside_of_the_profiles_locations_needs_a_secret_of_ones_own(team: Team) -> None:
    team.apply(dataset("rows", s3_source("s3://somewhere-else/faq.jsonl")))
    status = team.wait_for_condition("instructiondataset", "rows", "Accepted", "False")
    assert condition(status, "Accepted")["reason"] == "OutsideLocations"
    assert "s3://somewhere-else/faq.jsonl" in condition(status, "Accepted")["message"]
