"""The base of our images where no registry can be reached: Debian bookworm by debootstrap, with Python, as one tar file."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from local_cluster.command import run, succeeds
from local_cluster.console import step
from local_cluster.layout import cache_root

SUITE = "bookworm"
PACKAGES = ("python3", "python3-venv", "ca-certificates")
# Documentation and translations are a third of a minimal Debian, and no pod reads them.
UNNEEDED = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "var/cache/apt",
    "var/lib/apt/lists",
)
IMAGE = "localhost/sft-base"


def key() -> str:
    """Digest of what the image is made of."""
    return hashlib.sha256(repr((SUITE, PACKAGES, UNNEEDED)).encode()).hexdigest()[:12]


def reference() -> str:
    """Name of the image in buildah's store."""
    return f"{IMAGE}:{key()}"


def tar_file() -> Path:
    return cache_root() / "base" / f"{SUITE}-{key()}.tar"


def make_tar() -> Path:
    """debootstrap, once."""
    target = tar_file()
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with step(f"base image: debootstrap {SUITE}"), tempfile.TemporaryDirectory(dir=target.parent) as folder:
        root = Path(folder) / "root"
        run("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, root)
        for path in UNNEEDED:
            shutil.rmtree(root / path, ignore_errors=True)
            (root / path).mkdir(parents=True)
        unfinished = target.with_suffix(".unfinished")
        run("tar", "--create", "--file", unfinished, "--directory", root, "--numeric-owner", "--exclude=./dev/*", ".")
        unfinished.rename(target)
    return target


def ensure(buildah: tuple[str, ...]) -> str:
    """The base image in buildah's store; returns its name."""
    if not succeeds(*buildah, "inspect", "--type", "image", reference()):
        tar = make_tar()
        container = run(*buildah, "from", "scratch").strip()
        run(*buildah, "add", "--quiet", container, tar, "/")
        run(*buildah, "commit", "--quiet", container, reference())
        run(*buildah, "rm", container)
    return reference()
