"""From the API's hyper-parameters to the contract's: decimal text becomes numbers, `Auto` becomes what it means here."""

from __future__ import annotations

from sft_operator.api.sft_job import Samples
from sft_operator.api.training_settings import LoRA, Training
from sft_trainer.contract import (
    LearningRateSchedule,
    LoRASettings,
    Precision,
    SamplingSettings,
    TrainingSettings,
)


def training_settings(training: Training, precision: Precision, max_sequence_length: int) -> TrainingSettings:
    """Hyper-parameters, all resolved."""
    return TrainingSettings(
        epochs=training.epochs,
        max_steps=training.max_steps,
        learning_rate=float(training.learning_rate),
        schedule=LearningRateSchedule(training.schedule.value),
        warmup_ratio=float(training.warmup_ratio),
        weight_decay=float(training.weight_decay),
        max_grad_norm=float(training.max_grad_norm),
        micro_batch_size=training.micro_batch_size,
        gradient_accumulation_steps=training.gradient_accumulation_steps,
        max_sequence_length=max_sequence_length,
        packing=training.packing,
        precision=precision,
        seed=training.seed,
    )


def lora_settings(lora: LoRA) -> LoRASettings:
    """The adapter."""
    return LoRASettings(rank=lora.rank, alpha=lora.alpha, dropout=float(lora.dropout), target_modules=list(lora.target_modules))


def sampling_settings(samples: Samples) -> SamplingSettings:
    """What is asked before and after training."""
    sampling = samples.sampling
    return SamplingSettings(
        prompts=list(samples.prompts),
        max_new_tokens=samples.max_new_tokens,
        temperature=float(sampling.temperature) if sampling else None,
        top_p=float(sampling.top_p) if sampling else None,
    )
