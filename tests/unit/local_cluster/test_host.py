"""A machine that lacks something is told what, and what to do."""

from __future__ import annotations

import os
import subprocess
import time
from collections import namedtuple
from pathlib import Path

import pytest

from local_cluster import host, kernel, packages
from local_cluster.console import LocalClusterError
from local_cluster.layout import ClusterLayout

Usage = namedtuple("Usage", ("total", "used", "free"))


def program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it but what a test puts there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_without_root_the_message_says_why_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LocalClusterError, match=r"needs root .* sudo"):
        host.require_root()


def test_without_apt_the_message_names_the_distribution(path: Path) -> None:
    with pytest.raises(LocalClusterError, match="Debian 12"):
        host.require_debian()


def test_without_go_the_message_names_the_version_to_install(path: Path) -> None:
    with pytest.raises(LocalClusterError, match=r"go was not found; it must be 1\.21 or newer"):
        host.require_go()


@pytest.mark.parametrize(("version", "is_refused"), [("1.19.8", True), ("1.21.0", False), ("1.26.8", False)])
def test_go_must_be_able_to_fetch_the_toolchain_it_needs(path: Path, version: str, is_refused: bool) -> None:
    program(path, "go", f"echo go version go{version} linux/amd64")
    if is_refused:
        with pytest.raises(LocalClusterError, match=r"go is 1\.19; it must be 1\.21"):
            host.require_go()
    else:
        host.require_go()


@pytest.fixture
def almost_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(100 * 2**30, 98 * 2**30, 2 * 2**30))
    return tmp_path


def test_too_little_disk_is_told_in_gib_with_the_folder(almost_full_disk: Path) -> None:
    with pytest.raises(
        LocalClusterError, match=rf"{almost_full_disk}.* has 2 GiB free; .* needs {host.NEEDED_GIB} GiB.*XDG_CACHE_HOME"
    ):
        host.require_disk(ClusterLayout("demo").nodes(1))
    assert not any(almost_full_disk.iterdir()), "looking makes no folder"


@pytest.mark.parametrize(
    ("holds_images", "stores", "nodes", "needed"),
    [
        pytest.param(False, 0, 1, 35, id="first run"),
        pytest.param(False, 0, 2, 44, id="first run with two nodes"),
        pytest.param(True, 1, 1, 5, id="the same node again"),
        pytest.param(True, 0, 1, 14, id="another cluster"),
        pytest.param(True, 1, 2, 14, id="a second node"),
    ],
)
def test_the_room_that_is_needed_is_for_what_is_not_there_yet(
    almost_full_disk: Path, monkeypatch: pytest.MonkeyPatch, holds_images: bool, stores: int, nodes: int, needed: int
) -> None:
    cluster = ClusterLayout("demo")
    host.images_loaded_marker().parent.mkdir(parents=True)
    if holds_images:
        host.images_loaded_marker().touch()
    for node in cluster.nodes(stores):
        node.image_store.mkdir(parents=True)
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(0, 0, needed * 2**30))
    host.require_disk(cluster.nodes(nodes))
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(0, 0, (needed - 1) * 2**30))
    with pytest.raises(LocalClusterError, match=rf"has {needed - 1} GiB free; this needs {needed} GiB"):
        host.require_disk(cluster.nodes(nodes))


def test_the_disk_of_the_clusters_own_files_is_looked_at_too(almost_full_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = {True: 100, False: 2}
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(0, 0, free[path == almost_full_disk] * 2**30))
    with pytest.raises(LocalClusterError, match=r"sft-local-cluster has 2 GiB free; this needs 5 GiB\. Free some$"):
        host.require_disk(ClusterLayout("demo").nodes(1))


def test_overlayfs_is_looked_for_before_anything_is_loaded_and_loaded_once_it_may_be(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "FILESYSTEMS", tmp_path / "filesystems")
    (tmp_path / "filesystems").write_text("nodev\tproc\n\text4\n")
    with pytest.raises(LocalClusterError, match="CONFIG_OVERLAY_FS"):
        host.require_overlay()
    program(path, "modprobe", f'echo "$@" >> {tmp_path}/loaded')
    program(path, "unshare", "exit 0")
    host.require_overlay()
    assert (tmp_path / "loaded").read_text() == "--dry-run overlay\n"
    kernel.require()
    assert (tmp_path / "loaded").read_text().splitlines()[-1] == "overlay"


@pytest.mark.parametrize(
    ("failing", "named"),
    [("veth", "CONFIG_VETH"), ("bridge", "CONFIG_BRIDGE"), ("nft", "CONFIG_NF_TABLES"), ("true", "CONFIG_NET_NS")],
    ids=["veth links", "bridges", "nf_tables", "namespaces"],
)
def test_what_the_kernel_lacks_is_named_with_the_command_that_showed_it(path: Path, failing: str, named: str) -> None:
    program(path, "unshare", f'case "$*" in *{failing}*) exit 1;; esac')
    with pytest.raises(LocalClusterError, match=rf"{named}.*`unshare --net .*{failing}.*` failed"):
        kernel.require()


def test_only_packages_that_are_not_installed_count_as_missing(path: Path) -> None:
    program(path, "dpkg-query", 'case "$*" in *runc*) exit 1;; *buildah*) echo -n config-files;; *) echo -n installed;; esac')
    assert packages.missing() == ["runc", "buildah"]


def test_packages_are_installed_without_removing_any_and_without_starting_services(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(packages, "POLICY", policy)
    program(path, "apt-get", f'echo "$@" $(/bin/cat {policy} | /usr/bin/tail -1) >> {tmp_path}/log')
    packages.install(["runc"])
    install = (tmp_path / "log").read_text().splitlines()[-1]
    assert "--no-remove" in install
    assert install.endswith("runc exit 101")
    assert not policy.exists()


def test_a_policy_of_the_hosts_own_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("theirs")
    monkeypatch.setattr(packages, "POLICY", policy)
    with packages.services_stay_stopped():
        pass
    assert policy.read_text() == "theirs"


def test_the_policy_of_a_run_that_was_killed_while_it_installed_goes_even_when_nothing_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "POLICY", tmp_path / "policy-rc.d")
    with packages.services_stay_stopped():
        left = packages.POLICY.read_bytes()
    packages.POLICY.write_bytes(left)
    packages.install([])
    assert not packages.POLICY.exists()
    packages.POLICY.write_bytes(left)
    with packages.services_stay_stopped():
        assert packages.POLICY.exists()
    assert not packages.POLICY.exists()


def test_a_failed_installation_says_which_packages_to_install_by_hand(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "POLICY", tmp_path / "policy-rc.d")
    program(path, "apt-get", "echo 'no network' >&2; exit 100")
    with pytest.raises(LocalClusterError, match=r"no network[\s\S]*by hand[\s\S]*runc buildah"):
        packages.install(["runc", "buildah"])
    assert not (tmp_path / "policy-rc.d").exists()


def test_a_kubelet_of_another_cluster_is_found_and_our_own_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kubelet").symlink_to("/usr/bin/sleep")
    with subprocess.Popen([tmp_path / "kubelet", "300"]) as child:
        try:
            while not Path(f"/proc/{child.pid}/cmdline").read_bytes():
                time.sleep(0.01)  # it has none for an instant, while it takes the place of Python
            assert child.pid in host.foreign_kubelets()
            monkeypatch.setattr(host, "STATE_ROOT", Path("300"))  # an argument now says that it is ours
            assert child.pid not in host.foreign_kubelets()
        finally:
            child.kill()


def test_a_machine_with_another_kubelet_is_refused_by_its_pid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "foreign_kubelets", lambda: [4711])
    with pytest.raises(LocalClusterError, match=r"kubelet, pid 4711\).*another machine"):
        host.require_no_other_kubelet()
