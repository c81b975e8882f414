"""Publishes the adapter: safetensors, tokenizer, model card, manifest last; then reads all of it back."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sft_trainer.checkpoint.select import committed_checkpoints
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
        publish_folder(store, folder, KIND, about, prefix=PREFIX, is_fenced=True)
        artifact, _ = verify_artifact(store, scratch)
    except ManifestInvalid as error:
        raise _damaged(store, error) from error
    return artifact


def _name_base_model(file: Path, config: RunConfig) -> None:
    """peft notes the folder the model was loaded from, which is this pod's; the user's is the URI it came from."""
    content = json.loads(file.read_text())
    content["base_model_name_or_path"] = config.model.uri
    content["revision"] = config.model_facts.revision
    file.write_text(json.dumps(content, indent=2, sort_keys=True))


def find_artifact(store: ObjectStore, scratch: Path) -> tuple[Artifact, Manifest] | None:
    """The artifact of a run that has finished before, if every byte of it verifies. None where there is none, and where a damaged
    one can be made again from the checkpoint of its last step, which costs no training. Raises CheckpointUnusable where neither
    holds: a run would be trained to its end and could not be published.
    """
    manifest = None
    try:
        manifest = load_manifest(store, PREFIX)
        return verify_artifact(store, scratch) if manifest is not None else None
    except ManifestInvalid as error:
        steps = manifest.about.get("steps") if manifest is not None else None
        if steps not in {name.step for name in committed_checkpoints(store)}:
            raise _damaged(store, error) from error
        print(f"the artifact is damaged, and is made again from the checkpoint of step {steps}: {error}", flush=True)
        return None


def _damaged(store: ObjectStore, error: ManifestInvalid) -> TrainerFailure:
    return TrainerFailure(
        ExitCode.CHECKPOINT_UNUSABLE,
        Reason.CHECKPOINT_UNUSABLE,
        f"this run was published before, and its artifact at {store.uri}{PREFIX} is damaged: {error}",
        "restore the objects from a backup or a bucket version; or remove them; then raise spec.run",
    )


def verify_artifact(store: ObjectStore, scratch: Path) -> tuple[Artifact, Manifest]:
    """Reads every file back from the store; raises ManifestInvalid."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        manifest = download_verified(store, Path(folder), PREFIX)
    return Artifact(uri=f"{store.uri}{PREFIX}", manifest_digest=manifest.digest(), bytes=manifest.total_bytes), manifest
