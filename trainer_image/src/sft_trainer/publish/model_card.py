"""README.md of a published adapter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sft_trainer.contract import RunConfig


def model_card(config: RunConfig, about: Mapping[str, Any]) -> str:
    """Markdown: what it was made of, how, and how it is loaded."""
    settings, lora = config.training, config.lora
    datasets = "\n".join(f"- `{dataset.name}`, version `{dataset.digest}`" for dataset in config.datasets)
    return f"""# {config.owner.name}

A LoRA adapter, trained by sft-operator (run {config.run}).

Base model: `{config.model.uri}` ({config.model_facts.architecture}, {config.model_facts.parameters:,} parameters),
revision `{config.model_facts.revision}`.

Datasets:
{datasets}

| setting | value |
|---|---|
| steps | {about["steps"]} |
| tokens with loss in an epoch | {about["trainedTokens"]} |
| learning rate, schedule | {settings.learning_rate}, {settings.schedule.value} |
| batch | {settings.micro_batch_size} x {settings.gradient_accumulation_steps} |
| longest sequence | {settings.max_sequence_length} |
| LoRA rank, alpha, dropout | {lora.rank}, {lora.alpha}, {lora.dropout} |
| precision, seed | {settings.precision.value}, {settings.seed} |
| train loss, eval loss | {about["trainLoss"]}, {about["evalLoss"]} |

Load it with PEFT, where `base` is a folder with the base model and `adapter` the one that this file lies in:

```python
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapter)
tokenizer = AutoTokenizer.from_pretrained(adapter)
```
"""
