"""A plan measures model and data, proves that the output can be written, and refuses what cannot work."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sft_trainer.contract import (
    ExitCode,
    Gates,
    ObjectRef,
    PinnedDataset,
    PlanConfig,
    PlanResult,
    PrepareConfig,
    Reason,
    Source,
    StorePrefix,
    WeightFormat,
)
from sft_trainer.data.prepare import prepare
from sft_trainer.failure import TrainerFailure
from sft_trainer.plan.output_probe import probe_output
from sft_trainer.plan.plan import plan
from sft_trainer.store.object_store import open_store
from tests.unit.trainer.model.models import CONFIG, SETTINGS, TEMPLATE, safetensors, small_tokenizer, write_model

OWNER = ObjectRef(namespace="team", name="bot", uid="u")
ROWS = [("what is the pump", "the pump is red, red as a pump can be"), ("what is the valve", "the valve is blue"), ("why", "so")]


@pytest.fixture
def dataset(tmp_path: Path) -> PinnedDataset:
    (tmp_path / "data-scratch").mkdir()
    inline = "\n".join(json.dumps({"prompt": question, "completion": answer}) for question, answer in ROWS)
    config = PrepareConfig(
        owner=OWNER,
        attempt=1,
        sources=[Source(name="faq", inline=inline)],
        eval_percent=0,
        gates=Gates(max_reject_percent=0, min_rows=1),
        versions=StorePrefix(uri=f"file://{tmp_path}/versions/"),
        run=StorePrefix(uri=f"file://{tmp_path}/run/"),
    )
    result = prepare(config, tmp_path / "data-scratch")
    return PinnedDataset(name="faq", digest=result.digest, store=StorePrefix(uri=result.uri))


def run_plan(tmp_path: Path, *datasets: PinnedDataset, max_sequence_length: int = 256) -> PlanResult:
    (tmp_path / "scratch").mkdir()
    config = PlanConfig(
        owner=OWNER,
        attempt=1,
        model=StorePrefix(uri=f"file://{tmp_path}/model/"),
        datasets=list(datasets),
        max_sequence_length=max_sequence_length,
        output=StorePrefix(uri=f"file://{tmp_path}/jobs/bot/"),
    )
    return plan(config, tmp_path / "scratch")


def test_a_plan_tells_what_the_model_is(tmp_path: Path, dataset: PinnedDataset) -> None:
    write_model(tmp_path / "model")
    facts = run_plan(tmp_path, dataset).model
    assert facts.weight_format is WeightFormat.SAFETENSORS
    assert facts.architecture == "LlamaForCausalLM"
    assert facts.parameters == 300 * 8 + 10
    assert facts.context_length == 512
    assert facts.bytes == sum(path.stat().st_size for path in (tmp_path / "model").iterdir())
    assert len(facts.revision) == 64


def test_a_plan_counts_the_tokens_of_the_rendered_rows(tmp_path: Path, dataset: PinnedDataset) -> None:
    write_model(tmp_path / "model")
    data = run_plan(tmp_path, dataset).data
    tokenizer = small_tokenizer()

    def count(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    whole = [count(f"<s><|user|>{question}<|end|><|assistant|>") + count(f"{answer}<|end|>") for question, answer in ROWS]
    assert (data.train_rows, data.eval_rows, data.truncated_rows) == (3, 0, 0)
    assert data.tokens == sum(whole)
    assert data.longest_row_tokens == max(whole)
    assert data.trained_tokens == sum(count(f"{answer}<|end|>") for _, answer in ROWS)


def test_a_plan_counts_what_is_cut(tmp_path: Path, dataset: PinnedDataset) -> None:
    write_model(tmp_path / "model")
    data = run_plan(tmp_path, dataset, max_sequence_length=20).data
    assert data.longest_row_tokens > 20
    assert (data.train_rows, data.truncated_rows) == (3, 1)
    assert data.tokens <= 20 * data.train_rows


def test_rows_are_cut_at_the_models_context_too(tmp_path: Path, dataset: PinnedDataset) -> None:
    write_model(tmp_path / "model", config=CONFIG | {"max_position_embeddings": 20})
    assert run_plan(tmp_path, dataset, max_sequence_length=4096).data.truncated_rows == 1


def test_a_length_that_leaves_no_answer_is_told_with_what_is_needed(tmp_path: Path, dataset: PinnedDataset) -> None:
    write_model(tmp_path / "model", config=CONFIG | {"max_position_embeddings": 3})
    with pytest.raises(TrainerFailure) as caught:
        run_plan(tmp_path, dataset)
    assert caught.value.reason is Reason.TOO_FEW_ROWS
    assert "within maxSequenceLength 3; the longest row has" in caught.value.message


def test_two_datasets_are_counted_together(tmp_path: Path, dataset: PinnedDataset) -> None:
    write_model(tmp_path / "model")
    other = dataset.model_copy(update={"name": "again"})
    assert run_plan(tmp_path, dataset, other).data.train_rows == 6


def test_the_weights_of_a_plan_do_not_stay_on_the_disk(tmp_path: Path, dataset: PinnedDataset) -> None:
    write_model(tmp_path / "model", model=safetensors({"w": [1000, 1000]}))
    assert run_plan(tmp_path, dataset).model.parameters == 1_000_000
    assert (tmp_path / "scratch" / "model" / "model.safetensors").stat().st_size < 1000


def test_a_tokenizers_own_cut_and_padding_are_ignored(tmp_path: Path, dataset: PinnedDataset) -> None:
    write_model(tmp_path / "model")
    plain = run_plan(tmp_path, dataset).data
    tokenizer = small_tokenizer()
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=64)
    write_model(tmp_path / "model", tokenizer=tokenizer.to_str())
    os.rename(tmp_path / "scratch", tmp_path / "scratch-1")
    assert run_plan(tmp_path, dataset).data == plain


def test_a_chat_template_may_lie_beside_the_settings(tmp_path: Path, dataset: PinnedDataset) -> None:
    write_model(tmp_path / "model")
    plain = run_plan(tmp_path, dataset).data
    write_model(tmp_path / "model", tokenizer_config={"bos_token": "<s>"})
    (tmp_path / "model" / "chat_template.jinja").write_text(TEMPLATE)
    os.rename(tmp_path / "scratch", tmp_path / "scratch-1")
    assert run_plan(tmp_path, dataset).data == plain


@pytest.mark.parametrize(
    ("changes", "reason", "told"),
    [
        ({"config": CONFIG | {"auto_map": {"AutoModel": "evil.Model"}}}, Reason.MODEL_UNSUPPORTED, "config.json has auto_map"),
        ({"tokenizer_config": SETTINGS | {"auto_map": {}}}, Reason.MODEL_UNSUPPORTED, "tokenizer_config.json has auto_map"),
        ({"tokenizer_config": {}}, Reason.MODEL_UNSUPPORTED, "no chat template"),
        ({"tokenizer_config": SETTINGS | {"chat_template": "{% if"}}, Reason.MODEL_UNSUPPORTED, "chat template cannot be"),
        ({"config": b"{"}, Reason.MODEL_UNSUPPORTED, "config.json of the model is not JSON"),
        ({"config": []}, Reason.MODEL_UNSUPPORTED, "config.json of the model is not a JSON object"),
        ({"config": {}}, Reason.MODEL_UNSUPPORTED, "max_position_embeddings"),
        ({"tokenizer": b"{}"}, Reason.MODEL_UNSUPPORTED, "tokenizer.json of the model cannot be read"),
        ({"tokenizer": None}, Reason.MODEL_UNSUPPORTED, "no tokenizer.json"),
        ({"model": b"version https://git-lfs"}, Reason.MODEL_UNSUPPORTED, "model.safetensors is not a safetensors file"),
        ({"model": b"\x10\0\0\0\0\0\0\0short"}, Reason.MODEL_UNSUPPORTED, "model.safetensors is not a safetensors file"),
        ({"model": b"\x02\0\0\0\0\0\0\0[]"}, Reason.MODEL_UNSUPPORTED, "model.safetensors is not a safetensors file"),
        ({"model": b""}, Reason.MODEL_UNSUPPORTED, "model.safetensors is not a safetensors file"),
        ({"model": None}, Reason.MODEL_WITHOUT_WEIGHTS, "no weights"),
    ],
    ids=[
        *("remote code", "remote code of the tokenizer", "no chat template", "a broken chat template", "config is no JSON"),
        *("config is a list", "no context length", "a broken tokenizer", "no tokenizer", "an LFS pointer for weights"),
        *("a cut header", "a header that is a list", "empty weights", "no weights"),
    ],
)
def test_a_model_that_cannot_be_trained_is_refused_by_name(
    tmp_path: Path, dataset: PinnedDataset, changes: dict[str, Any], reason: Reason, told: str
) -> None:
    write_model(tmp_path / "model", **changes)
    with pytest.raises(TrainerFailure) as caught:
        run_plan(tmp_path, dataset)
    assert caught.value.reason is reason
    assert told in caught.value.message
    assert caught.value.remedy


def test_a_damaged_dataset_is_refused(tmp_path: Path, dataset: PinnedDataset) -> None:
    write_model(tmp_path / "model")
    next(Path(dataset.store.uri.removeprefix("file://")).glob("*.parquet")).unlink()
    with pytest.raises(TrainerFailure) as caught:
        run_plan(tmp_path, dataset)
    assert caught.value.reason is Reason.DATASET_CORRUPT


class TestTheOutputProbe:
    def test_leaves_nothing_behind(self, tmp_path: Path) -> None:
        store = open_store(StorePrefix(uri=f"file://{tmp_path}/jobs/bot/"))
        probe_output(store)
        assert list(store.list()) == []

    @pytest.mark.parametrize("kept", [b"", b"something else entirely, and longer than what was written to the store at first"])
    def test_refuses_a_store_that_gives_back_something_else(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bytes
    ) -> None:
        store = open_store(StorePrefix(uri=f"file://{tmp_path}/jobs/bot/"))
        put = store.put
        monkeypatch.setattr(store, "put", lambda key, data: put(key, kept))
        with pytest.raises(TrainerFailure, match="is not what was read back") as caught:
            probe_output(store)
        assert caught.value.reason is Reason.STORE_DENIED

    def test_refuses_a_store_that_loses_objects(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        store = open_store(StorePrefix(uri=f"file://{tmp_path}/jobs/bot/"))
        monkeypatch.setattr(store, "put", lambda key, data: None)
        with pytest.raises(TrainerFailure, match="is not what was read back"):
            probe_output(store)

    @pytest.mark.parametrize(
        ("call", "answer", "told"),
        [
            ("read", lambda key, max_bytes: b"x", "nobody had written"),
            ("put_if_absent", lambda key, data: False, "of a new object was refused"),
            ("list", lambda prefix: iter([]), "did not show"),
        ],
        ids=["what was never written can be read", "no conditional writes", "no listing"],
    )
    def test_refuses_a_store_that_training_could_not_use(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, answer: Any, told: str
    ) -> None:
        store = open_store(StorePrefix(uri=f"file://{tmp_path}/jobs/bot/"))
        with monkeypatch.context() as patch:
            patch.setattr(store, call, answer)
            with pytest.raises(TrainerFailure, match=told) as caught:
                probe_output(store)
        assert caught.value.exit_code == ExitCode.INVALID
        assert "If-None-Match" in caught.value.remedy
        assert list(store.list()) == []

    def test_refuses_a_store_that_does_not_heed_the_condition(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        store = open_store(StorePrefix(uri=f"file://{tmp_path}/jobs/bot/"))

        def overwrite(key: str, data: bytes) -> bool:
            store.put(key, data)
            return True

        monkeypatch.setattr(store, "put_if_absent", overwrite)
        with pytest.raises(TrainerFailure, match="replaced an object that was there"):
            probe_output(store)

    def test_tells_at_once_that_absent_objects_cannot_be_told_from_forbidden_ones(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = open_store(StorePrefix(uri=f"file://{tmp_path}/jobs/bot/"))

        def denied(key: str, max_bytes: int) -> bytes:
            raise TrainerFailure(ExitCode.STORE_DENIED, Reason.STORE_DENIED, "denied")

        monkeypatch.setattr(store, "read", denied)
        with pytest.raises(TrainerFailure, match="denied"):
            probe_output(store)
        assert list(store.list()) == []
