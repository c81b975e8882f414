"""What the operator and the users of its kinds may do in a cluster: the one table behind the chart's roles.

The operator's part must never hold a wildcard, a Secret, or a verb that changes a user's spec.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sft_operator.api import GROUP


@dataclass(frozen=True, slots=True)
class Permission:
    """Some verbs on some resources of one API group, and why the operator needs them."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    why: str

    def as_rule(self) -> dict[str, Any]:
        """The rule as rbac.authorization.k8s.io/v1 writes it."""
        return {"apiGroups": [self.group], "resources": list(self.resources), "verbs": list(self.verbs)}


OPERATOR = (
    Permission(
        GROUP,
        ("trainingprofiles", "instructiondatasets", "sftjobs"),
        ("get", "list", "watch"),
        "what users and the platform team ask for",
    ),
    Permission(GROUP, ("instructiondatasets/status", "sftjobs/status"), ("patch",), "tell how far it is"),
    Permission(
        GROUP,
        ("instructiondatasets/finalizers", "sftjobs/finalizers"),
        ("update",),
        "own Jobs where OwnerReferencesPermissionEnforcement is on",
    ),
    Permission("batch", ("jobs",), ("get", "list", "watch", "create", "delete"), "run pods to their end, once"),
    Permission("", ("pods",), ("get", "list", "watch"), "read how a pod ended, and where its progress is served"),
    Permission("", ("configmaps",), ("create", "patch"), "hand a pod its config, by server-side apply"),
    Permission(
        "",
        ("configmaps",),
        ("delete",),
        "take back the config of a Job that was refused; give it to its Job where OwnerReferencesPermissionEnforcement is on",
    ),
    Permission("", ("events",), ("list",), "find out why a pod does not start"),
    Permission("events.k8s.io", ("events",), ("create", "patch"), "tell users what happened"),
)

PROFILE_READER = (Permission(GROUP, ("trainingprofiles",), ("get", "list", "watch"), "choose a profile"),)

VIEWER = (
    Permission(
        GROUP,
        ("trainingprofiles", "instructiondatasets", "sftjobs"),
        ("get", "list", "watch"),
        "see datasets, jobs and how they go",
    ),
)
EDITOR = (
    Permission(
        GROUP,
        ("instructiondatasets", "sftjobs"),
        ("create", "delete", "deletecollection", "patch", "update"),
        "make, change and end datasets and jobs; their status stays the operator's",
    ),
)
