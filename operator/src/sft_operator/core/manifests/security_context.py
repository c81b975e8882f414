"""The `restricted` Pod Security Standard, and what goes beyond it: a fixed user and a read-only root."""

from __future__ import annotations

from typing import Any

USER_ID = 65532
"""`nonroot` of the distroless images; it owns nothing in ours."""


def pod_security_context() -> dict[str, Any]:
    """For the pod: its volumes belong to the group."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER_ID,
        "runAsGroup": USER_ID,
        "fsGroup": USER_ID,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security_context() -> dict[str, Any]:
    """For its one container."""
    return {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
