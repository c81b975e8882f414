"""Builds the programs of the cluster from pinned Go modules, cached by the content of their go.mod and go.sum."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from local_cluster.command import run
from local_cluster.console import step
from local_cluster.layout import cache_root

MODULES = Path(__file__).parent / "go"
KUBERNETES_VERSION = "1.37.1"
_VERSION_PACKAGE = "k8s.io/component-base/version"
_MAJOR, _MINOR, _ = KUBERNETES_VERSION.split(".")
# Without a version, Helm's check of kubeVersion and the API server's own compatibility logic fail.
KUBERNETES_LINK = (
    f"-X {_VERSION_PACKAGE}.gitVersion=v{KUBERNETES_VERSION} "
    f"-X {_VERSION_PACKAGE}.gitMajor={_MAJOR} -X {_VERSION_PACKAGE}.gitMinor={_MINOR}"
)


@dataclass(frozen=True, slots=True)
class Program:
    """A program, the wrapper module that pins it, and the package it is built from."""

    name: str
    module: str
    package: str
    link: str = ""


PROGRAMS = (
    *(
        Program(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", KUBERNETES_LINK)
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl")
    ),
    Program("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
    Program("helm", "helm", "helm.sh/helm/v4/cmd/helm"),
    Program("coredns", "coredns", "github.com/coredns/coredns"),
    Program("versitygw", "versitygw", "github.com/versity/versitygw/cmd/versitygw"),
    Program("pause", "pause", "."),
)


def module_key(module: str) -> str:
    """Digest of everything that decides what a module builds."""
    digest = hashlib.sha256(KUBERNETES_LINK.encode())
    for name in ("go.mod", "go.sum", "main.go"):
        file = MODULES / module / name
        digest.update(file.read_bytes() if file.exists() else b"")
    return digest.hexdigest()[:16]


def binaries_key() -> str:
    """Digest of all modules: names the folder of one consistent set."""
    keys = sorted({(program.module, module_key(program.module)) for program in PROGRAMS})
    return hashlib.sha256(repr(keys).encode()).hexdigest()[:16]


def folder() -> Path:
    """Where the programs of this tree lie."""
    return cache_root() / "bin" / binaries_key()


def build_all() -> Path:
    """Builds what the cache lacks; returns the folder."""
    target = folder()
    target.mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS:
        _build(program, target)
    _remove_build_caches()
    return target


def _build(program: Program, target: Path) -> None:
    """Built once for each content of its module; a new set links what did not change."""
    finished = target / program.name
    if finished.exists():
        return
    kept = cache_root() / "programs" / f"{program.name}-{module_key(program.module)}"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".building")
        with step(f"building {program.name}"):
            link = ("-ldflags", program.link) if program.link else ()
            run(
                *("go", "build", "-trimpath", *link, "-o", unfinished, program.package),
                cwd=MODULES / program.module,
                env={"CGO_ENABLED": "0", "GOMODCACHE": str(_go_root() / "modules"), "GOCACHE": str(_go_root() / "objects")},
            )
        unfinished.rename(kept)
    finished.hardlink_to(kept)


def _go_root() -> Path:
    """Caches of our own while we build, so that `clean` leaves nothing in the user's."""
    return cache_root() / "go"


def _remove_build_caches() -> None:
    """9 GB that only the next change of a pinned version would read."""
    shutil.rmtree(_go_root(), ignore_errors=True)
