"""What every document of the contract has in common: the version, where things lie in a pod, the base model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

CONTRACT_VERSION = 1
CONFIG_PATH = "/run/sft/config.json"
CREDENTIALS_ROOT = "/run/sft/credentials"
"""Each Secret is mounted at `<CREDENTIALS_ROOT>/<secret name>/`, one file a key, with the keys of `CREDENTIAL_KEYS`."""
CREDENTIAL_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
OPTIONAL_CREDENTIAL_KEYS = ("AWS_SESSION_TOKEN",)
AUTHORIZATION_KEY = "authorization"
"""Key of a Secret with the value of that HTTP header."""
HUB_TOKEN_KEY = "HF_TOKEN"  # noqa: S105 the name of a key
"""Key of a Secret with an access token of a Hugging Face hub, as its own tools name it."""
CONFIG_MAPS_ROOT = "/run/sft-config-maps"
"""Each ConfigMap that rows are read from is mounted at `<CONFIG_MAPS_ROOT>/<name>/`, one file a key."""
SCRATCH_PATH = "/scratch"
"""The pod's own disk, an emptyDir; everything below it may be lost at any moment."""
TERMINATION_LOG_PATH = "/dev/termination-log"
PROGRESS_PORT = 8080
POD_UID_VARIABLE = "SFT_POD_UID"
"""Environment variable that the downward API fills; the pod's UID fences checkpoints and signs progress."""
MAX_TERMINATION_MESSAGE_BYTES = 4096
"""The kubelet cuts a termination message here, and a cut JSON document is none."""


class ContractModel(BaseModel):
    """Base of everything on the wire: camelCase, frozen, unknown fields refused (a newer peer must raise the version)."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, use_attribute_docstrings=True
    )

    def to_json(self) -> str:
        """The document as it goes over the wire."""
        return self.model_dump_json(by_alias=True, exclude_none=True)


class StorePrefix(ContractModel):
    """A place in an object store, and how it is reached."""

    uri: str
    """`s3://bucket/key`, or `file:///folder` outside a cluster. A trailing slash says "folder"."""
    endpoint: str | None = None
    """URL of the S3 endpoint; none is AWS's own."""
    region: str | None = None
    credentials_path: str | None = None
    """Folder with one file for each of `CREDENTIAL_KEYS`; none leaves it to the pod's identity."""
    is_guarded: bool = False
    """Whether a user named the endpoint: where it leads must then be checked before anything is sent there."""
    allowed_private_hosts: list[str] = []
    """Hosts of a guarded endpoint that may have a private address."""


class ObjectRef(ContractModel):
    """The Kubernetes object on whose behalf a pod runs."""

    namespace: str
    name: str
    uid: str
