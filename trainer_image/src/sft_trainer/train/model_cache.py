"""Weights converted from GGUF, kept in the store: a conversion is made once, and by one converter."""

from __future__ import annotations

import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from sft_trainer.contract import RunConfig
from sft_trainer.store.manifest import ManifestInvalid, download_verified, load_manifest, publish_folder
from sft_trainer.store.object_store import ObjectStore, below, open_store
from sft_trainer.termination import without_secrets

KIND = "Model"
CONVERTER_VERSION = 1
"""Raise it with every change of what a conversion makes: what an older converter left is then used no more."""


class ConvertedWeights:
    """What this attempt converted, for everyone after it. The run itself does not need it: nothing here raises."""

    def __init__(self, config: RunConfig, folder: Path | None) -> None:
        """Without a folder there is nothing to keep."""
        self._config, self._folder = config, folder
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="model-cache")
        self._kept: Future[None] | None = None

    def keep_beside(self) -> None:
        """Begins to take digests and to upload, the first time it is called."""
        if self._kept is None and self._folder is not None:
            self._kept = self._keeper.submit(self._keep, self._folder)

    def wait(self) -> None:
        """Until they are kept, or were found not to be."""
        self.keep_beside()
        if self._kept is not None:
            self._kept.result()

    def _keep(self, folder: Path) -> None:
        try:
            about = {"revision": self._config.model_facts.revision, "converter": CONVERTER_VERSION}
            publish_folder(_cache(self._config), folder, KIND, about, is_fenced=True)
        except Exception as error:  # whatever it is, it is not worth a run
            print(
                f"converted weights were not kept, so that the next run converts again: {without_secrets(str(error))}", flush=True
            )


def fetch_converted(config: RunConfig, folder: Path) -> Path | None:
    """Weights that an earlier run converted, if they verify."""
    store = _cache(config)
    try:
        if load_manifest(store) is None:
            return None
        manifest = download_verified(store, folder)
    except ManifestInvalid as error:
        print(f"converted weights are not used: {error}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        return None
    return folder / manifest.fence


def _cache(config: RunConfig) -> ObjectStore:
    return open_store(below(config.model_cache, f"c{CONVERTER_VERSION}"))
