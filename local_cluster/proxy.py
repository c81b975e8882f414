"""The host's proxy is for the outside: nothing that speaks to a cluster on this machine may go through it."""

from __future__ import annotations

from collections.abc import Mapping

PROXIES = ("http_proxy", "https_proxy", "all_proxy")
CLUSTER_ADDRESSES = ("localhost", "127.0.0.1", "10.200.0.0/16", "10.244.0.0/16", "10.96.0.0/16", ".cluster.local")
"""Nodes, pods and services of every cluster. Programs written in Go understand networks here; Python's do not."""


def proxy_exceptions(environment: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY in both spellings, with the clusters' addresses added to the host's own; nothing where there is no proxy."""
    if not any(environment.get(name) or environment.get(name.upper()) for name in PROXIES):
        return {}
    own = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    exceptions = ",".join([*(part for part in own.split(",") if part), *CLUSTER_ADDRESSES])
    return {"no_proxy": exceptions, "NO_PROXY": exceptions}
