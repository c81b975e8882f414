"""A tiny model, a small dataset and the config of a run over them, all in one folder."""

from __future__ import annotations

import json
from pathlib import Path

from sft_trainer.contract import (
    Gates,
    LearningRateSchedule,
    LoRASettings,
    ModelFacts,
    ObjectRef,
    PinnedDataset,
    PlanConfig,
    Precision,
    PrepareConfig,
    RunConfig,
    SamplingSettings,
    Source,
    StorePrefix,
    TrainingSettings,
    WeightFormat,
)
from sft_trainer.data.prepare import prepare
from sft_trainer.plan.plan import plan
from tests.unit.trainer.model.models import SETTINGS, small_tokenizer

OWNER = ObjectRef(namespace="team", name="bot", uid="u")
ROWS = 24
PROMPTS = ["what is pump 3", "what is the valve"]


def place(root: Path | str, name: str) -> StorePrefix:
    return StorePrefix(uri=f"file://{root}/{name}/")


def run_config(root: Path | str, output: str = "out") -> RunConfig:
    """24 rows in batches of 4 are 6 steps an epoch: 12 steps, a checkpoint every 5."""
    facts = ModelFacts(
        revision="0" * 64,
        weight_format=WeightFormat.SAFETENSORS,
        architecture="LlamaForCausalLM",
        parameters=100,
        bytes=200,
        context_length=512,
    )
    training = TrainingSettings(
        epochs=2,
        learning_rate=0.005,
        schedule=LearningRateSchedule.LINEAR,
        warmup_ratio=0.1,
        weight_decay=0.01,
        max_grad_norm=1.0,
        micro_batch_size=4,
        gradient_accumulation_steps=1,
        max_sequence_length=64,
        packing=False,
        precision=Precision.FP32,
        seed=7,
    )
    return RunConfig(
        owner=OWNER,
        run=1,
        attempt=1,
        model=place(root, "model"),
        model_facts=facts,
        model_cache=place(root, "cache"),
        datasets=[PinnedDataset(name="faq", digest="1" * 64, store=place(root, "versions"))],
        lora=LoRASettings(rank=4, alpha=8, dropout=0.1, target_modules=["all-linear"]),
        training=training,
        sampling=SamplingSettings(prompts=PROMPTS, max_new_tokens=4),
        checkpoint_every_steps=5,
        output=place(root, output),
        last_committed_step=0,
        grace_seconds=30,
    )


def write_tiny_model(folder: Path) -> None:
    """Two layers with random weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = small_tokenizer()
    end = tokenizer.token_to_id("<|end|>")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=0,
        eos_token_id=end,
        pad_token_id=end,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {**SETTINGS, "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def write_inputs(root: Path) -> RunConfig:
    """Model, dataset version and plan as their pods leave them; returns the config of a run."""
    write_tiny_model(root / "model")
    scratch = root / "preparing"
    scratch.mkdir()
    rows = [{"prompt": f"what is pump {number}", "completion": f"pump {number} is blue"} for number in range(ROWS)]
    made = prepare(
        PrepareConfig(
            owner=OWNER,
            attempt=1,
            sources=[Source(name="faq", inline="\n".join(map(json.dumps, rows)))],
            eval_percent=0,
            gates=Gates(max_reject_percent=0, min_rows=1),
            versions=place(root, "versions"),
            run=place(root, "prepared"),
        ),
        scratch,
    )
    config = run_config(root)
    datasets = [PinnedDataset(name="faq", digest=made.digest, store=StorePrefix(uri=made.uri))]
    planned = plan(
        PlanConfig(
            owner=OWNER, attempt=1, model=config.model, datasets=datasets, max_sequence_length=64, output=place(root, "probe")
        ),
        scratch,
    )
    return config.model_copy(update={"datasets": datasets, "model_facts": planned.model})
