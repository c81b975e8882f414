"""What a run resolves to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sft_operator.api.crd import object_schema
from sft_operator.api.kinds import SFT_JOB
from sft_operator.api.sft_job import SFTJobSpec
from sft_operator.api.sft_job_status import ResolvedDataset
from sft_operator.api.training_settings import Precision
from sft_operator.core.inputs_digest import DECIMALS, SETS, inputs_digest, plan_digest
from sft_operator.core.sftjob.resolve import resolve_precision, total_steps
from sft_trainer.contract import DataStats
from tests.unit.operator.core.worlds import DIGEST, REVISION, profile, sft_job_spec

FAQ = ResolvedDataset(name="faq", digest=DIGEST, uri="s3://out/x/")


def steps(rows: int, *, tokens: int = 1000, max_sequence_length: int = 100, **training: Any) -> int:
    data = DataStats(train_rows=rows, eval_rows=0, tokens=tokens, trained_tokens=1, truncated_rows=0, longest_row_tokens=1)
    return total_steps(sft_job_spec(training=training), data, max_sequence_length)


@pytest.mark.parametrize(
    ("rows", "training", "expected"),
    [
        pytest.param(96, {"epochs": 3, "microBatchSize": 8}, 36, id="whole batches"),
        pytest.param(97, {"epochs": 3, "microBatchSize": 8}, 39, id="the last batch is not dropped"),
        pytest.param(96, {"epochs": 2, "microBatchSize": 8, "gradientAccumulationSteps": 5}, 6, id="accumulated"),
        pytest.param(1, {"epochs": 1, "microBatchSize": 64, "gradientAccumulationSteps": 4}, 1, id="one row"),
        pytest.param(96, {"epochs": 3, "microBatchSize": 8, "maxSteps": 10}, 10, id="ended early"),
        pytest.param(8, {"epochs": 1, "microBatchSize": 8, "maxSteps": 10}, 1, id="never longer than its epochs"),
    ],
)
def test_steps_are_counted_as_the_trainer_counts_them(rows: int, training: dict[str, Any], expected: int) -> None:
    assert steps(rows, **training) == expected


def test_packed_rows_are_counted_as_full_sequences() -> None:
    assert steps(1000, tokens=1000, max_sequence_length=100, epochs=1, microBatchSize=1, packing=True) == 10


@pytest.mark.parametrize(
    ("wanted", "resources", "expected"),
    [
        pytest.param(Precision.AUTO, {"gpu": {}}, Precision.BF16, id="Auto on a GPU"),
        pytest.param(Precision.AUTO, {}, Precision.FP32, id="Auto on a CPU"),
        pytest.param(Precision.FP32, {"gpu": {}}, Precision.FP32, id="as asked for"),
    ],
)
def test_the_precision_has_its_reason(wanted: Precision, resources: dict[str, Any], expected: Precision) -> None:
    found = profile(resources={"cpu": "1", "memory": "1Gi", "disk": "1Gi", **resources})
    precision, reason = resolve_precision(wanted, found)
    assert precision is expected
    assert reason


def digest(
    spec: SFTJobSpec | None = None,
    revision: str = REVISION,
    dataset: ResolvedDataset = FAQ,
    precision: Precision = Precision.FP32,
) -> str:
    return inputs_digest(spec or sft_job_spec(), revision, [dataset], precision)


def test_the_inputs_digest_does_not_change_between_releases() -> None:
    assert digest() == "70d04e0c3231"


@pytest.mark.parametrize(
    "changes",
    [
        {"training": {"seed": 1}},
        {"method": {"lora": {"rank": 8}}},
        {"evaluation": {"samples": {"prompts": ["Hello?"]}}},
    ],
    ids=["training", "method", "evaluation"],
)
def test_other_inputs_have_another_digest(changes: dict[str, Any]) -> None:
    assert digest(sft_job_spec(**changes)) != digest()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"training": {"learningRate": "2e-4"}}, {"training": {"learningRate": "0.00020"}}),
        ({"training": {"weightDecay": "0"}}, {"training": {"weightDecay": "0.0"}}),
        ({"method": {"lora": {"dropout": "0.05"}}}, {"method": {"lora": {"dropout": "5e-2"}}}),
        ({"method": {"lora": {"targetModules": ["a", "b"]}}}, {"method": {"lora": {"targetModules": ["b", "a"]}}}),
        (
            {"evaluation": {"samples": {"sampling": {"temperature": "1", "topP": "0.9"}}}},
            {"evaluation": {"samples": {"sampling": {"temperature": "1.0", "topP": "0.90"}}}},
        ),
    ],
    ids=["learning rate", "zero", "nested", "set", "optional"],
)
def test_another_spelling_of_the_same_is_the_same_input(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert digest(sft_job_spec(**one)) == digest(sft_job_spec(**other))


def test_prompts_that_look_like_numbers_are_text() -> None:
    one, other = ({"evaluation": {"samples": {"prompts": [prompt]}}} for prompt in ("1", "1.0"))
    assert digest(sft_job_spec(**one)) != digest(sft_job_spec(**other))


def members(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, member in schema.get("properties", {}).items():
        yield name, member
        yield from members(member)


def test_every_number_and_every_set_is_known_to_the_digest() -> None:
    spec = object_schema(SFT_JOB)["properties"]["spec"]["properties"]
    fields = [member for part in ("method", "training", "evaluation") for member in members(spec[part])]
    numbers = {name for name, member in fields if "must be a number" in json.dumps(member) and "properties" not in member}
    sets = {name for name, member in fields if member.get("x-kubernetes-list-type") == "set"}
    assert (numbers, sets) == (DECIMALS, SETS)


def test_other_bytes_have_another_digest() -> None:
    assert digest(revision="c" * 64) != digest()
    assert digest(dataset=FAQ.model_copy(update={"digest": "e" * 64})) != digest()


def test_auto_that_became_another_precision_is_another_input() -> None:
    assert digest(precision=Precision.BF16) != digest(precision=Precision.FP32)


def test_what_may_change_within_a_run_is_no_input() -> None:
    moved = FAQ.model_copy(update={"uri": "s3://elsewhere/"})
    assert digest(sft_job_spec(limits={"maxRetries": 9}, run=4), dataset=moved) == digest()


def test_a_plan_depends_on_everything_but_the_limits() -> None:
    assert plan_digest(sft_job_spec(limits={"maxRetries": 9})) == plan_digest(sft_job_spec())
    for changes in ({"run": 2}, {"profileName": "big"}, {"training": {"seed": 1}}, {"checkpoint": {"everySteps": 7}}):
        assert plan_digest(sft_job_spec(**changes)) != plan_digest(sft_job_spec())
