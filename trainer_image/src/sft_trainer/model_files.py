"""Which files of a folder in the store make up a model. Safetensors or GGUF; pickle and remote code are never touched."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sft_trainer.contract import Reason, StorePrefix, WeightFormat
from sft_trainer.failure import TrainerFailure, invalid
from sft_trainer.store.manifest import sha256_of
from sft_trainer.store.object_store import ObjectInfo, ObjectStore, open_object
from sft_trainer.store.paths import checked

PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
COMPANIONS = (
    *("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"),
    *("chat_template.jinja", "vocab.json", "merges.txt", "added_tokens.json", "model.safetensors.index.json"),
)
"""Files beside the weights that a tokenizer or a config may need; nothing else is fetched."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The files of one model in a store."""

    store: ObjectStore
    weight_format: WeightFormat
    files: tuple[ObjectInfo, ...]

    @property
    def total_bytes(self) -> int:
        return sum(file.size for file in self.files)

    def download(self, folder: Path) -> str:
        """Fetches every file; returns the revision: the digest of their names and bytes."""
        for file in self.files:
            self.store.download(file.key, folder / checked(file.key))
        return revision_of(folder, [file.key for file in self.files])


def revision_of(folder: Path, names: list[str]) -> str:
    """sha256 over the sorted (file name, sha256 of the file)."""
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(f"{name} {sha256_of(folder / name)}\n".encode())
    return digest.hexdigest()


def find_model(location: StorePrefix) -> ModelFiles:
    """The model at a location: a folder, or one .gguf object."""
    store, key = open_object(location)
    if key:
        found = store.head(key)
        if found is None or not key.endswith(".gguf"):
            raise _not_found(location, [info.key for info in store.list()])
        return ModelFiles(store, WeightFormat.GGUF, (found,))
    everything = [info for info in store.list() if "/" not in info.key]
    safetensors = [info for info in everything if info.key.endswith(".safetensors")]
    gguf = [info for info in everything if info.key.endswith(".gguf")]
    if safetensors:
        companions = [info for info in everything if info.key in COMPANIONS]
        _require_config(location, companions)
        return ModelFiles(store, WeightFormat.SAFETENSORS, (*safetensors, *companions))
    if len(gguf) == 1:
        return ModelFiles(store, WeightFormat.GGUF, tuple(gguf))
    raise _without_weights(location, everything, gguf)


def _require_config(location: StorePrefix, companions: list[ObjectInfo]) -> None:
    names = {info.key for info in companions}
    lacking = [name for name in ("config.json", "tokenizer.json") if name not in names]
    if lacking:
        raise invalid(
            Reason.MODEL_UNSUPPORTED,
            f"the model at {location.uri} has weights but no {' and no '.join(lacking)}",
            "upload the whole folder of the model, as its publisher gives it",
        )


def _not_found(location: StorePrefix, beside: list[str]) -> TrainerFailure:
    there = f"; beside it are {', '.join(beside[:3])}" if beside else "; nothing is there"
    return invalid(
        Reason.MODEL_NOT_FOUND,
        f"no model was found at {location.uri}{there}",
        "name a folder (trailing slash) or one .gguf object",
    )


def _without_weights(location: StorePrefix, everything: list[ObjectInfo], gguf: list[ObjectInfo]) -> TrainerFailure:
    if not everything:
        return _not_found(location, [])
    names = ", ".join(info.key for info in everything[:4])
    if len(gguf) > 1:
        found, remedy = f"{len(gguf)} .gguf files ({names})", "name one of them in the uri"
    elif pickles := [info.key for info in everything if info.key.endswith(PICKLE_SUFFIXES)]:
        found = f"weights only as pickle ({', '.join(pickles[:3])}), which can run code when it is loaded"
        remedy = "convert them to safetensors and upload those"
    else:
        found, remedy = f"no weights, only {names}", "upload *.safetensors, or one .gguf file"
    return invalid(Reason.MODEL_WITHOUT_WEIGHTS, f"the model folder {location.uri} has {found}", remedy)
