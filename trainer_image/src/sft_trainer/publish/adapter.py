"""Publishes the adapter: safetensors, tokenizer, model card, manifest last; then reads all of it back."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sft_trainer.contract import Artifact, ExitCode, Reason, RunConfig
from sft_trainer.failure import TrainerFailure
from sft_trainer.publish.model_card import model_card
from sft_trainer.store.manifest import Manifest, ManifestInvalid, download_verified, load_manifest, publish_folder
from sft_trainer.store.object_store import ObjectStore

if TYPE_CHECKING:
    from peft import PeftModel

PREFIX = "artifact/"
KIND = "Adapter"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")


def publish_adapter(
    model: PeftModel, model_folder: Path, config: RunConfig, store: ObjectStore, about: Mapping[str, Any], scratch: Path
) -> Artifact:
    """Makes artifact/ exist; returns what was read back."""
    folder = scratch / "artifact"
    model.save_pretrained(folder, safe_serialization=True)
    _name_base_model(folder / "adapter_config.json", config)
    for name in TOKENIZER_FILES:
        if (model_folder / name).exists():
            shutil.copyfile(model_folder / name, folder / name)
    (folder / "README.md").write_text(model_card(config, about))
    try:
        publish_folder(store, folder, KIND, about, prefix=PREFIX)
        artifact, _ = verify_artifact(store, scratch)
    except ManifestInvalid as error:
        raise TrainerFailure(
            ExitCode.STORE_DENIED,
            Reason.STORE_DENIED,
            f"the adapter was trained, but what stands at {store.uri}{PREFIX} is not it: {error}",
            "remove or restore the objects below it, then raise spec.run",
        ) from error
    return artifact


def _name_base_model(file: Path, config: RunConfig) -> None:
    """peft notes the folder the model was loaded from, which is this pod's; the user's is the URI it came from."""
    content = json.loads(file.read_text())
    content["base_model_name_or_path"] = config.model.uri
    content["revision"] = config.model_facts.revision
    file.write_text(json.dumps(content, indent=2, sort_keys=True))


def find_artifact(store: ObjectStore, scratch: Path) -> tuple[Artifact, Manifest] | None:
    """The artifact of a run that has finished before, if every byte of it verifies."""
    try:
        return verify_artifact(store, scratch) if load_manifest(store, PREFIX) is not None else None
    except ManifestInvalid as error:
        print(f"artifact does not verify: {error}", flush=True)
        return None


def verify_artifact(store: ObjectStore, scratch: Path) -> tuple[Artifact, Manifest]:
    """Reads every file back from the store; raises ManifestInvalid."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        manifest = download_verified(store, Path(folder), PREFIX)
    return Artifact(uri=f"{store.uri}{PREFIX}", manifest_digest=manifest.digest(), bytes=manifest.total_bytes), manifest
