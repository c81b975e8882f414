"""Answers of the model to the user's prompts, before and after training. Greedy unless sampling is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sft_trainer.contract import Sample, SamplingSettings
from sft_trainer.data.rows import Message
from sft_trainer.store.object_store import ObjectNotFound, ObjectStore

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from sft_trainer.model.description import ModelDescription

BATCH = 32
"""Prompts answered together: generation waits for memory, not for arithmetic, so that many cost little more than one."""
_ANSWER = "answer"
SAMPLES_KEY = "samples.jsonl"
MAX_SAMPLES_BYTES = 16 << 20


def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    described: ModelDescription,
    settings: SamplingSettings,
    seed: int,
) -> list[str]:
    """One answer a prompt, up to the end of its turn; the same seed gives the same answers."""
    import torch

    torch.manual_seed(seed)
    was_training = model.training
    model.eval()
    tokenizer.padding_side = "left"  # so that every row ends where its answer begins
    known = model.generation_config.eos_token_id
    stops = sorted({*end_of_turn(described), *(known if isinstance(known, list) else [known] if known is not None else [])})
    options = {**_generation_options(settings), "pad_token_id": tokenizer.pad_token_id, "eos_token_id": stops or None}
    answers: list[str] = []
    with torch.inference_mode():
        for start in range(0, len(settings.prompts), BATCH):
            texts = [described.template([Message("user", prompt)], True) for prompt in settings.prompts[start : start + BATCH]]
            batch = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False).to(model.device)
            output = model.generate(**batch, **options)
            new_tokens = output[:, batch["input_ids"].shape[1] :]
            answers += [text.strip() for text in tokenizer.batch_decode(new_tokens, skip_special_tokens=True)]
    model.train(was_training)
    return answers


def end_of_turn(model: ModelDescription) -> list[int]:
    """The special tokens that the chat template puts after an answer: generation_config may name others, or none."""
    text = model.template([Message("user", "?"), Message("assistant", _ANSWER)], False)
    after = model.encode(text.rpartition(_ANSWER)[2])
    special = {number for number, token in model.tokenizer.get_added_tokens_decoder().items() if token.special}
    return [token for token in after if token in special]


def _generation_options(settings: SamplingSettings) -> dict[str, object]:
    if settings.temperature is None:
        # The model's own generation_config may ask for sampling; greedy means that none of it counts.
        return {"max_new_tokens": settings.max_new_tokens, "do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    sampling = {"do_sample": True, "temperature": settings.temperature, "top_p": settings.top_p or 1.0, "top_k": 0}
    return {"max_new_tokens": settings.max_new_tokens, **sampling}


def store_samples(store: ObjectStore, samples: list[Sample]) -> None:
    """All samples of the run."""
    store.put(SAMPLES_KEY, "\n".join(sample.to_json() for sample in samples).encode())


def load_samples(store: ObjectStore) -> list[Sample]:
    """All samples of a finished run."""
    try:
        text = store.read(SAMPLES_KEY, MAX_SAMPLES_BYTES).decode()
    except ObjectNotFound:
        return []
    # Not splitlines: U+2028 and its like are ordinary characters of an answer, and JSON writes them as they are.
    return [Sample.model_validate_json(line) for line in text.split("\n")]
