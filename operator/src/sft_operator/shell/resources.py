"""The API resources that the operator works with, and their paths. Nothing else can be asked of the client."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from sft_operator.api import GROUP, VERSION


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of one API version."""

    group: str
    """Empty for the core group."""
    version: str
    plural: str

    def collection(self, namespace: str | None) -> str:
        """Path of all objects, or of those in one namespace."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{_segment(namespace)}/{self.plural}" if namespace else f"{root}/{self.plural}"

    def item(self, namespace: str | None, name: str) -> str:
        """Path of one object."""
        return f"{self.collection(namespace)}/{_segment(name)}"


def _segment(text: str) -> str:
    """One path segment, whatever the text holds: a name can never reach another path."""
    if text in ("", ".", ".."):
        raise ValueError(f"{text!r} cannot be a name in a path")
    return quote(text, safe="")


PROFILES = Resource(GROUP, VERSION, "trainingprofiles")
DATASETS = Resource(GROUP, VERSION, "instructiondatasets")
SFT_JOBS = Resource(GROUP, VERSION, "sftjobs")
JOBS = Resource("batch", "v1", "jobs")
PODS = Resource("", "v1", "pods")
CONFIG_MAPS = Resource("", "v1", "configmaps")
CORE_EVENTS = Resource("", "v1", "events")
EVENTS = Resource("events.k8s.io", "v1", "events")
