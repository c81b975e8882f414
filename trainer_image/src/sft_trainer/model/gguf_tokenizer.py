"""A GGUF file's header: architecture, size, chat template, and its byte-level BPE tokenizer rebuilt for counting tokens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gguf import GGUFReader
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from sft_trainer.contract import Reason
from sft_trainer.failure import TrainerFailure, invalid
from sft_trainer.model.gguf_file import GGUFFile

_USE_SAFETENSORS = "use the model's safetensors, with its tokenizer.json"
CONTROL = 3
"""Token type of special tokens in GGUF's tokenizer.ggml.token_type."""
# How text is cut before BPE, by the name in tokenizer.ggml.pre (names and rules: src/llama-vocab.cpp of llama.cpp).
_GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
_DIGITS_ALONE = {"smollm", "starcoder", "refact", "command-r", "codeshell"}
_LLAMA3 = (
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
    "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
)
_QWEN2 = (
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
    "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
)
_PATTERNS = {"gpt-2": _GPT2, "default": _GPT2, "qwen2": _QWEN2, "deepseek-r1-qwen": _QWEN2, "llama-bpe": _LLAMA3}


@dataclass(frozen=True, slots=True)
class GGUFHeader:
    """What a GGUF file says of itself."""

    architecture: str
    parameters: int
    context_length: int
    chat_template: str
    special_tokens: dict[str, str]
    tokenizer: Tokenizer


def read_gguf(path: Path) -> GGUFHeader:
    """Reads a GGUF file's header; raises ModelUnsupported."""
    return describe_gguf(open_gguf(path), path.name)


def open_gguf(path: Path) -> GGUFReader:
    """Its index. Raises ModelUnsupported."""
    try:
        return GGUFFile(path)
    except (ValueError, IndexError, KeyError, OSError, OverflowError, MemoryError) as error:
        raise _unsupported(f"{path.name} is not a GGUF file, or was cut short", "upload it again, whole") from error


def describe_gguf(reader: GGUFReader, name: str) -> GGUFHeader:
    """What an opened file says; raises ModelUnsupported."""
    fields = {key: field.contents() for key, field in reader.fields.items() if not key.startswith("tokenizer.ggml.")}
    architecture = str(fields.get("general.architecture", ""))
    template = fields.get("tokenizer.chat_template")
    if not isinstance(template, str):
        raise _unsupported(f"{name} has no chat template", "use an instruction-tuned model, which has one")
    tokens = list(_field(reader, "tokens"))
    return GGUFHeader(
        architecture=architecture,
        parameters=sum(int(tensor.n_elements) for tensor in reader.tensors),
        context_length=_context_length(fields.get(f"{architecture}.context_length"), name),
        chat_template=template,
        special_tokens=_special_tokens(reader, tokens),
        tokenizer=_tokenizer(reader, tokens, name),
    )


def _context_length(value: object, file: str) -> int:
    if not isinstance(value, int) or value <= 0:
        raise _unsupported(f"{file} does not say its context length", "use a decoder-only language model")
    return value


def _field(reader: GGUFReader, name: str) -> list[str]:
    field = reader.fields.get(f"tokenizer.ggml.{name}")
    contents = field.contents() if field is not None else []
    return list(contents) if isinstance(contents, list) else [str(contents)]


def _special_tokens(reader: GGUFReader, tokens: list[str]) -> dict[str, str]:
    names = {"bos_token": "bos_token_id", "eos_token": "eos_token_id", "pad_token": "padding_token_id"}
    found = {}
    for name, key in names.items():
        number = _field(reader, key)
        if number and int(number[0]) < len(tokens):
            found[name] = tokens[int(number[0])]
    return found


def _tokenizer(reader: GGUFReader, tokens: list[str], file: str) -> Tokenizer:
    kind = "".join(_field(reader, "model"))
    if kind != "gpt2":
        raise _unsupported(
            f"{file} has a tokenizer of type '{kind}'; counted can be byte-level BPE ('gpt2')",
            _USE_SAFETENSORS,
        )
    merges = [(left, right) for left, _, right in (merge.partition(" ") for merge in _field(reader, "merges"))]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    name = "".join(_field(reader, "pre"))
    # Llama 3 takes a word that is a token as it is, even where its merges would not lead there.
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=name == "llama-bpe"))
    if _PATTERNS.get(name) == _QWEN2:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = _pre_tokenizer(name)
    tokenizer.decoder = decoders.ByteLevel()
    types = _field(reader, "token_type")
    special = [token for token, kind_of in zip(tokens, types, strict=False) if int(kind_of) == CONTROL]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return tokenizer


def _pre_tokenizer(name: str) -> pre_tokenizers.PreTokenizer:
    if name in _DIGITS_ALONE:
        parts = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        return pre_tokenizers.Sequence(parts)
    if name not in _PATTERNS:
        raise _unsupported(f"a tokenizer of type '{name}' cannot be rebuilt from GGUF", _USE_SAFETENSORS)
    split = pre_tokenizers.Split(Regex(_PATTERNS[name]), behavior="isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def _unsupported(message: str, remedy: str) -> TrainerFailure:
    return invalid(Reason.MODEL_UNSUPPORTED, message, remedy)
