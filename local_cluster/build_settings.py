"""What RUN steps need of this host to reach a package registry: mounted, as build arguments stand in an image's history.

Nothing of it may stay in an image, least of all an index URL, which may hold a password.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

CERTIFICATES = "/host-ca.crt"
UV_CACHE = "/uv-cache"


@contextmanager
def mounted_settings() -> Iterator[list[str]]:
    """Options for `buildah build`, good while the context lasts."""
    with tempfile.TemporaryDirectory() as folder:
        yield [
            *_mounted_cache(uv_cache(os.environ)),
            *_certificates(os.environ),
            *(option for file, text in index_files(os.environ).items() for option in _file(Path(folder), file, text)),
        ]


def uv_cache(environment: Mapping[str, str]) -> Path:
    """The host's own cache: what `uv sync` downloaded for .venv is not downloaded again."""
    return Path(environment.get("UV_CACHE_DIR") or Path.home() / ".cache" / "uv")


def _mounted_cache(cache: Path) -> list[str]:
    cache.mkdir(parents=True, exist_ok=True)
    return ["--volume", f"{cache}:{UV_CACHE}", "--build-arg", f"UV_CACHE_DIR={UV_CACHE}"]


def _certificates(environment: Mapping[str, str]) -> list[str]:
    bundle = environment.get("SSL_CERT_FILE")
    if not bundle or not Path(bundle).exists():
        return []
    arguments = [f"{name}={CERTIFICATES}" for name in ("SSL_CERT_FILE", "PIP_CERT")]
    return ["--volume", f"{bundle}:{CERTIFICATES}:ro", *(part for value in arguments for part in ("--build-arg", value))]


def index_files(environment: Mapping[str, str]) -> dict[str, str]:
    """Configuration files of pip and uv, by their path in the image, for hosts that use an index of their own."""
    files = {}
    if url := environment.get("PIP_INDEX_URL"):
        files["/etc/pip.conf"] = f"[global]\nindex-url = {url}\n"
    if url := environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL"):
        files["/etc/uv/uv.toml"] = f"[[index]]\nurl = {json.dumps(url)}\ndefault = true\n"
    return files


def _file(folder: Path, target: str, text: str) -> list[str]:
    source = folder / Path(target).name
    source.touch(mode=0o600)
    source.write_text(text)
    return ["--volume", f"{source}:{target}:ro"]
