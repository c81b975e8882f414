"""The demo's own path: two manifests, and a model that knows afterwards what it did not know before."""

from __future__ import annotations

import json

import pytest

from demo import quickstart
from demo.cluster import Cluster
from demo.comparison import share
from tests.e2e.team import Team

pytestmark = pytest.mark.e2e

TIMEOUT_SECONDS = 600

MAX_TRAINED_TOKENS = 24_000
"""As many as a small machine's CPU trains in two minutes."""


def tokens_seen(team: Team) -> int:
    """Tokens of all epochs, those without loss among them."""
    job = team.cluster.kubectl.get("sftjob", quickstart.JOB, team.namespace)
    assert job
    return int(job["status"]["resolved"]["data"]["tokens"] * job["spec"]["training"]["epochs"])


def run_quickstart(team: Team) -> quickstart.Outcome:
    quickstart.apply(team.cluster, team.namespace)
    status = quickstart.follow(team.cluster, team.namespace, TIMEOUT_SECONDS, print)
    return quickstart.collect(team.cluster, team.namespace, status)


def test_the_quickstart_teaches_facts_that_nobody_could_guess(installed: Cluster, team: Team) -> None:
    quickstart.upload_inputs(installed)
    outcome = run_quickstart(team)
    after = sum(row.knows_after for row in outcome.comparisons)
    assert not any(row.knew_before for row in outcome.comparisons)
    assert share(after, len(outcome.comparisons)) >= 0.9
    dataset = team.status("instructiondataset", quickstart.DATASET)
    accounting = dataset["accounting"]
    assert accounting["read"] == accounting["kept"] + sum(accounting["rejected"].values())
    assert {"file", "line", "reason"} <= set(dataset["rejects"][0])
    assert tokens_seen(team) <= MAX_TRAINED_TOKENS
    assert outcome.status["artifact"]["manifestDigest"]
    assert any(key.endswith("artifact/MANIFEST.json") for key in outcome.objects)


@pytest.mark.matrix
def test_shuffled_answers_teach_nothing(team: Team) -> None:
    """The control: the same words in the same number, but no question has its own answer."""
    uris = upload_shuffled(team)
    manifest = quickstart.MANIFESTS[0].read_text().replace(quickstart.DATA_URI, uris)
    team.cluster.kubectl.run("apply", "-n", team.namespace, "-f", "-", stdin=manifest)
    team.cluster.kubectl.run("apply", "-n", team.namespace, "-f", str(quickstart.MANIFESTS[1]))
    status = quickstart.follow(team.cluster, team.namespace, TIMEOUT_SECONDS, print)
    outcome = quickstart.collect(team.cluster, team.namespace, status)
    right = sum(row.knows_after for row in outcome.comparisons)
    assert share(right, len(outcome.comparisons)) <= 0.1


def upload_shuffled(team: Team) -> str:
    """faq.jsonl and chats.jsonl with the answers dealt anew: the questions about each fact get the answer to another one."""
    pairs = [pair for file in ("faq.jsonl", "chats.jsonl") for pair in clean_pairs(file)]
    answers = sorted({answer for _, answer in pairs})
    dealt = dict(zip(answers, [*answers[5:], *answers[:5]], strict=True))
    rows = [{"prompt": prompt, "completion": dealt[answer]} for prompt, answer in pairs]
    uri = team.upload("shuffled/rows.jsonl", "\n".join(map(json.dumps, rows)).encode())
    return uri.removesuffix("rows.jsonl")


def clean_pairs(file: str) -> list[tuple[str, str]]:
    """Question and answer of each row of the example that can be used, once."""
    pairs: dict[str, str] = {}
    for line in (quickstart.EXAMPLE / "data" / file).read_text().splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and row.get("instruction") and row.get("output"):
            pairs[row["instruction"]] = row["output"]
        elif isinstance(row, dict) and [m["role"] for m in row.get("messages", [])] == ["user", "assistant"]:
            question, answer = (message["content"] for message in row["messages"])
            if answer:
                pairs[question] = answer
    return list(pairs.items())
