"""Which files of a folder in the store make up a model. Safetensors or GGUF; pickle and remote code are never touched."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sft_trainer.contract import Reason, StorePrefix, WeightFormat
from sft_trainer.failure import TrainerFailure, invalid
from sft_trainer.store.object_store import ObjectInfo, ObjectNotFound, ObjectStore, open_object
from sft_trainer.store.paths import inside

SINGLE = "model.safetensors"
SHARD = re.compile(r"^model-\d{5}-of-(\d{5})\.safetensors$")
"""transformers' names for weights; a folder may hold other formats of them too (adapters, a vendor's own consolidated file)."""
PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
COMPANIONS = (
    *("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"),
    *("chat_template.jinja", "vocab.json", "merges.txt", "added_tokens.json", "model.safetensors.index.json"),
)
"""Files beside the weights that a tokenizer or a config may need; nothing else is fetched."""
SHOWN = 3


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The files of one model in a store."""

    store: ObjectStore
    weight_format: WeightFormat
    files: tuple[ObjectInfo, ...]

    @property
    def total_bytes(self) -> int:
        return sum(file.size for file in self.files)

    def without_weights(self) -> ModelFiles:
        """What tokenizer and chat template are read from. A GGUF file holds them beside its weights, and stays whole."""
        if self.weight_format is WeightFormat.GGUF:
            return self
        return replace(self, files=tuple(file for file in self.files if file.key in COMPANIONS))

    def download(self, folder: Path, after_each: Callable[[Path], None] = lambda path: None) -> str:
        """Fetches every file; returns the revision: sha256 over the sorted (file name, sha256 of the file)."""
        digests = []
        for file in self.files:
            path = inside(folder, file.key)
            try:
                digests.append((file.key, self.store.download(file.key, path)))
            except ObjectNotFound as error:
                message = f"{error.uri} was removed while the model was being read"
                raise invalid(Reason.MODEL_NOT_FOUND, message, "upload the model again and raise spec.run") from error
            after_each(path)
        return hashlib.sha256("".join(f"{name} {digest}\n" for name, digest in sorted(digests)).encode()).hexdigest()


def find_model(location: StorePrefix) -> ModelFiles:
    """The model at a location: a folder, or one .gguf object. Raises ModelNotFound, ModelWithoutWeights, ModelUnsupported."""
    store, key = open_object(location)
    if key:
        return _find_object(location, store, key)
    everything = list(store.list_top())
    safetensors, gguf = _safetensors(location, everything), [info for info in everything if info.key.endswith(".gguf")]
    if safetensors:
        companions = [info for info in everything if info.key in COMPANIONS]
        _require_config(location, companions)
        return ModelFiles(store, WeightFormat.SAFETENSORS, (*safetensors, *companions))
    if len(gguf) == 1:
        return ModelFiles(store, WeightFormat.GGUF, tuple(gguf))
    if not everything:
        raise _not_found(location, store)
    raise _without_weights(location, everything)


def _find_object(location: StorePrefix, store: ObjectStore, key: str) -> ModelFiles:
    if key.endswith(".gguf") and (found := store.head(key)) is not None:
        return ModelFiles(store, WeightFormat.GGUF, (found,))
    if any(True for _ in itertools.islice(store.list(f"{key}/"), 1)):
        message = f"{location.uri} is a folder; a folder is named with a slash at its end"
        raise invalid(Reason.MODEL_NOT_FOUND, message, f"write {location.uri}/")
    raise _not_found(location, store)


def _safetensors(location: StorePrefix, everything: list[ObjectInfo]) -> list[ObjectInfo]:
    """The weights by transformers' names, whole or in all their parts."""
    if single := [info for info in everything if info.key == SINGLE]:
        return single
    shards = [(info, found) for info in everything if (found := SHARD.match(info.key))]
    if not shards:
        return []
    expected, has_index = int(shards[0][1][1]), any(info.key == f"{SINGLE}.index.json" for info in everything)
    if len(shards) != expected or not has_index:
        there = f"{len(shards)} of {expected} weight files, and {'an' if has_index else 'no'} {SINGLE}.index.json"
        message = f"the model folder {location.uri} has {there}; it must have all of them and the index"
        raise invalid(Reason.MODEL_WITHOUT_WEIGHTS, message, "upload the whole folder of the model")
    return [info for info, _ in shards]


def _require_config(location: StorePrefix, companions: list[ObjectInfo]) -> None:
    names = {info.key for info in companions}
    lacking = [name for name in ("config.json", "tokenizer.json") if name not in names]
    if lacking:
        raise invalid(
            Reason.MODEL_UNSUPPORTED,
            f"the model at {location.uri} has weights but no {' and no '.join(lacking)}",
            "upload the whole folder of the model, as its publisher gives it",
        )


def _not_found(location: StorePrefix, store: ObjectStore) -> TrainerFailure:
    beside = [info.key for info in itertools.islice(store.list(), SHOWN)]
    there = f"; in {store.uri} there is {', '.join(beside)}" if beside else f"; nothing is in {store.uri}"
    return invalid(
        Reason.MODEL_NOT_FOUND,
        f"no model was found at {location.uri}{there}",
        "correct the uri: a folder (with a slash at its end) or one .gguf object; or upload the model and raise spec.run",
    )


def _without_weights(location: StorePrefix, everything: list[ObjectInfo]) -> TrainerFailure:
    names = [info.key for info in everything]
    gguf = [name for name in names if name.endswith(".gguf")]
    pickles = [name for name in names if name.endswith(PICKLE_SUFFIXES)]
    if gguf:
        found, remedy = f"{len(gguf)} .gguf files ({', '.join(gguf[:SHOWN])})", "name one of them in the uri"
    elif pickles:
        found = f"weights only as pickle ({', '.join(pickles[:SHOWN])}), which can run code when it is loaded"
        remedy = "convert them to safetensors and upload those"
    elif "adapter_config.json" in names:
        found, remedy = "an adapter and no base model", "name the folder of the base model"
    else:
        found, remedy = f"no weights, only {', '.join(names[:SHOWN])}", f"upload {SINGLE} (or its parts), or one .gguf file"
    return invalid(Reason.MODEL_WITHOUT_WEIGHTS, f"the model folder {location.uri} has {found}", remedy)
