"""The training loop: TRL's SFTTrainer with PEFT's LoRA, on data we have rendered and checkpoints we have verified."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sft_trainer.contract import LearningRateSchedule, Precision, RunConfig
from sft_trainer.train.examples import Examples, as_dataset

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
    from trl import SFTTrainer

SCHEDULERS = {
    LearningRateSchedule.LINEAR: "linear",
    LearningRateSchedule.COSINE: "cosine",
    LearningRateSchedule.CONSTANT: "constant_with_warmup",
}


@dataclass(frozen=True, slots=True)
class Materials:
    """What a loop is made of."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    train: Examples
    evaluation: Examples


def build_trainer(config: RunConfig, materials: Materials, callbacks: list[TrainerCallback], output: Path) -> SFTTrainer:
    """A trainer that reports to nobody, keeps every checkpoint until we have it, and prepares no data of its own."""
    import torch
    from peft import LoraConfig
    from transformers.trainer_callback import PrinterCallback, ProgressCallback
    from trl import SFTConfig, SFTTrainer

    settings, on_gpu = config.training, torch.cuda.is_available()
    arguments = SFTConfig(
        output_dir=str(output),
        num_train_epochs=settings.epochs,
        max_steps=settings.max_steps or -1,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=SCHEDULERS[settings.schedule],
        warmup_steps=settings.warmup_ratio,  # below 1 it is a share of the steps
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.max_grad_norm,
        per_device_train_batch_size=settings.micro_batch_size,
        per_device_eval_batch_size=settings.micro_batch_size,
        gradient_accumulation_steps=settings.gradient_accumulation_steps,
        max_length=settings.max_sequence_length,
        packing=settings.packing,
        eval_packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        activation_checkpointing=False,
        bf16=settings.precision is Precision.BF16,
        use_cpu=not on_gpu,
        seed=settings.seed,
        data_seed=settings.seed,
        logging_steps=1,
        logging_nan_inf_filter=False,  # the default shows the last good loss instead of the broken one
        save_strategy="steps",
        save_steps=config.checkpoint_every_steps,
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=on_gpu,
        include_num_input_tokens_seen="non_padding",
    )
    lora = LoraConfig(
        r=config.lora.rank,
        lora_alpha=config.lora.alpha,
        lora_dropout=config.lora.dropout,
        target_modules=_target_modules(config.lora.target_modules),
        task_type="CAUSAL_LM",
    )
    torch.manual_seed(settings.seed)  # the adapter's first weights, too, follow from the seed
    trainer = SFTTrainer(
        model=materials.model,
        args=arguments,
        train_dataset=as_dataset(materials.train, settings),
        eval_dataset=as_dataset(materials.evaluation, settings) if len(materials.evaluation) else None,
        processing_class=materials.tokenizer,
        peft_config=lora,
        callbacks=callbacks,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    return trainer


def _target_modules(names: list[str]) -> str | list[str]:
    return "all-linear" if names == ["all-linear"] else names
