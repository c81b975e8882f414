"""Debian packages that the local cluster needs: installs those that are missing, and removes none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_cluster.command import run, succeeds
from local_cluster.console import LocalClusterError, step

POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_MARK = "# sft-local-cluster: only while its packages are installed"
NEEDED = {
    "containerd": "runs containers",
    "runc": "runs containers",
    "containernetworking-plugins": "connects pods",
    "buildah": "builds images without a daemon",
    "docker-registry": "serves images on the cluster's own address",
    "debootstrap": "makes the base image",
    "iproute2": "network namespaces",
    "nftables": "service addresses",
    "iptables": "kubelet's firewall rules",
    "procps": "sysctl",
    "util-linux": "nsenter",
}


def missing() -> list[str]:
    """Packages that are not installed."""
    return [name for name in NEEDED if not _is_installed(name)]


def _is_installed(package: str) -> bool:
    return (
        succeeds("dpkg-query", "--show", "--showformat=${db:Status-Status}", package)
        and run("dpkg-query", "--show", "--showformat=${db:Status-Status}", package) == "installed"
    )


@contextmanager
def services_stay_stopped() -> Iterator[None]:
    """Debian's own switch: while the file exits 101, an installed package starts no service. A file of the host's own stays."""
    remove_left_policy()
    if POLICY.exists():
        yield
        return
    POLICY.write_text(f"#!/bin/sh\n{POLICY_MARK}\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def remove_left_policy() -> None:
    """Takes away the policy of a run that was killed while it installed: no package of the host could start a service."""
    if POLICY.exists() and POLICY_MARK in POLICY.read_text(errors="replace"):
        POLICY.unlink()


def install(names: list[str]) -> None:
    """`apt-get install`; services that a package would start are kept from starting."""
    remove_left_policy()
    if not names:
        return
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    with step(f"apt-get install {' '.join(names)}"), services_stay_stopped():
        try:
            run("apt-get", "update", "-q", env=environment)
            run("apt-get", "install", "-y", "-q", "--no-remove", "--no-install-recommends", *names, env=environment)
        except LocalClusterError as error:
            raise LocalClusterError(f"{error}\nInstall them by hand and try again: {' '.join(names)}") from error
