"""Builds the project's images with buildah and loads them into a cluster, layer by layer through its registry."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path

from local_cluster import base_image
from local_cluster.binaries import folder as binaries_folder
from local_cluster.build_settings import mounted_settings
from local_cluster.command import run, succeeds
from local_cluster.console import LocalClusterError, step
from local_cluster.host import SPARE_GIB, images_loaded_marker, require_free
from local_cluster.layout import RUNTIME_ROOT, ClusterLayout, NodeLayout, cache_root

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Image:
    """One of the project's images: where it is built from, and what it is called."""

    name: str
    dockerfile: str
    target: str
    repository: str
    tag_prefix: str = ""


IMAGES = {
    image.name: image
    for image in (
        Image("operator", "operator/Dockerfile", "operator", "sft-operator"),
        Image("data", "trainer_image/Dockerfile", "data", "sft-trainer", "data-"),
        Image("trainer", "trainer_image/Dockerfile", "trainer", "sft-trainer", "train-"),
    )
}
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
BUILDAH_RACE = "sealing memfd"
"""buildah 1.28 copies itself into memory for each RUN step, and once in some dozen times finds the copy still busy."""
LOW_DISK_GIB = 20
"""Twice what a new layer of the trainer's dependencies takes while it is built, pushed and unpacked."""
# The host's proxy settings are for the outside; the registry is on this machine.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
LARGEST_IMAGE = "trainer"
PAUSE_IMAGE = "localhost/sft-pause:1"


def buildah() -> tuple[str, ...]:
    """buildah with a store of our own, so that `clean` removes it and nobody else's images are touched."""
    return ("buildah", "--root", str(cache_root() / "buildah"), "--runroot", str(RUNTIME_ROOT / "buildah"))


def local_name(image: Image) -> str:
    """Name in the builder, where every clone on this machine builds: each has names of its own, so that none loads another's."""
    return f"localhost/{image.repository}:{_clone()}-{image.name}"


def _clone() -> str:
    return hashlib.sha256(str(REPOSITORY).encode()).hexdigest()[:8]


def build(name: str) -> None:
    """Builds one image; layers whose inputs did not change are reused."""
    image = IMAGES[name]
    base = base_image.ensure(buildah())
    _make_room()
    require_free(cache_root(), SPARE_GIB)
    with step(f"image {name}"), mounted_settings() as settings:
        command = (
            *(*buildah(), "build", "--isolation", "chroot", "--layers", "--quiet", "--target", image.target),
            *("--file", image.dockerfile, "--tag", local_name(image), "--build-arg", f"BASE_IMAGE={base}"),
            *(*settings, "."),
        )
        try:
            run(*command, cwd=REPOSITORY)
        except LocalClusterError as error:
            if BUILDAH_RACE not in str(error):
                raise
            run(*command, cwd=REPOSITORY)


def _make_room() -> None:
    """Where little disk is left: drops what builds that broke off left, images of other clones, and layers that no image has.

    A changed lock file leaves gigabytes of layers. A clone that is still there builds its images again.
    """
    if shutil.disk_usage(cache_root()).free > LOW_DISK_GIB * 2**30:
        return
    with step("little disk is left: removing layers of earlier builds"):
        run(*buildah(), "rm", "--all")
        for name in of_other_clones(run(*buildah(), "images", "--format", "{{.Name}}:{{.Tag}}").splitlines()):
            run(*buildah(), "rmi", name)
        run(*buildah(), "rmi", "--prune")


def of_other_clones(names: Iterable[str]) -> list[str]:
    """The project's images that this clone did not build; the base image and the pause image are everyone's."""
    ours = {local_name(image) for image in IMAGES.values()}
    repositories = {f"localhost/{image.repository}" for image in IMAGES.values()}
    return [name for name in names if name.rpartition(":")[0] in repositories and name not in ours]


def image_id(name: str) -> str:
    """Digest of an image's config: the same content has the same one."""
    done = run(*buildah(), "images", "--quiet", "--no-trunc", local_name(IMAGES[name]))
    return done.strip().removeprefix("sha256:")


def load(name: str, layout: ClusterLayout, nodes: list[NodeLayout]) -> str:
    """Pushes an image into the cluster's registry and lets every node pull it; returns its full reference."""
    if name not in IMAGES:
        raise LocalClusterError(f"there is no image '{name}'; choose from: {', '.join(IMAGES)}")
    image = IMAGES[name]
    if not succeeds(*buildah(), "inspect", "--type", "image", local_name(image)):
        raise LocalClusterError(f"image '{name}' is not built; run: python -m local_cluster build {name}")
    reference = f"{layout.registry}/{image.repository}:{image.tag_prefix}{_short(image_id(name))}"
    missing = [node for node in nodes if not _has_image(node, reference)]
    if missing:
        require_free(cache_root(), SPARE_GIB)
        with step(f"loading {name}"):
            if not _is_pushed(layout, reference):
                _push(name, reference)
            for node in missing:
                run(*_ctr(node), "images", "pull", "--plain-http", reference)
                _forget_superseded(node, reference)
        if name == LARGEST_IMAGE:
            images_loaded_marker().touch()
    return reference


def _is_pushed(layout: ClusterLayout, reference: str) -> bool:
    """Whether the registry has it, perhaps from another cluster: all serve the same blobs."""
    repository, tag = reference.removeprefix(f"{layout.registry}/").split(":")
    manifest = f"http://{layout.registry}/v2/{repository}/manifests/{tag}"
    request = urllib.request.Request(manifest, headers={"Accept": OCI_MANIFEST})
    try:
        with DIRECT.open(request, timeout=10):
            return True
    except urllib.error.HTTPError:
        return False


def _push(name: str, reference: str) -> None:
    """zstd at its fastest: on loopback, gzip is what would take the time."""
    compression = ("--format", "oci", "--compression-format", "zstd", "--compression-level", "1")
    run(
        *buildah(),
        "push",
        "--quiet",
        "--tls-verify=false",
        *compression,
        local_name(IMAGES[name]),
        f"docker://{reference}",
    )


def _ctr(node: NodeLayout) -> tuple[str, ...]:
    return ("ctr", "--address", str(node.containerd_socket), "--namespace", "k8s.io")


def _has_image(node: NodeLayout, reference: str) -> bool:
    return reference in run(*_ctr(node), "images", "list", "--quiet").splitlines()


def _forget_superseded(node: NodeLayout, reference: str) -> None:
    """Earlier builds of an image that no container on the node uses; whoever asks for one again pulls it from the registry."""
    in_use = run(*_ctr(node), "containers", "list").split()
    for name in superseded(run(*_ctr(node), "images", "list", "--quiet").splitlines(), in_use, reference):
        run(*_ctr(node), "images", "remove", name)


def superseded(names: Iterable[str], in_use: Container[str], reference: str) -> list[str]:
    """Other tags of the same image, equal but for the digest that ends the tag, and the bare ids that CRI adds."""
    image, candidates = reference[: -len(_digest(reference))], [name for name in names if name != reference]
    tags = [name for name in candidates if name not in in_use and name == image + _digest(name)]
    ids = [name for name in candidates if name.startswith("sha256:") and name not in in_use]
    return [*tags, *(name for name in ids if _short(name.removeprefix("sha256:")) in map(_digest, tags))]


def _short(image_id: str) -> str:
    """As much of an image's id as a tag carries."""
    return image_id[:12]


def _digest(reference: str) -> str:
    """The part of our tags that is made from the content; `data-` and the like before it says which image it is."""
    tag = reference.rsplit(":", 1)[-1]
    return tag.rsplit("-", 1)[-1]


def load_pause(node: NodeLayout) -> None:
    """The image of every pod's first process, imported from a file: the registry may not be up yet."""
    if _has_image(node, PAUSE_IMAGE):
        return
    container = run(*buildah(), "from", "scratch").strip()
    run(*buildah(), "add", "--quiet", "--chmod", "0755", container, binaries_folder() / "pause", "/pause")
    run(*buildah(), "config", "--entrypoint", '["/pause"]', "--user", "65535:65535", container)
    run(*buildah(), "commit", "--quiet", container, PAUSE_IMAGE)
    run(*buildah(), "rm", container)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "pause.tar"
        run(*buildah(), "push", "--quiet", PAUSE_IMAGE, f"docker-archive:{archive}:{PAUSE_IMAGE}")
        run(*_ctr(node), "images", "import", archive)
