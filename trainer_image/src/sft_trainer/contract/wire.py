"""What every document of the contract has in common: the version, where things lie in a pod, the base model."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticSerializationError

CONTRACT_VERSION = 2
"""Raised with every change of what goes over the wire: a peer of another version is then refused in so many words."""
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
        try:
            return self.model_dump_json(by_alias=True, exclude_none=True)
        except PydanticSerializationError:
            # Half a surrogate pair, from someone's file: no UTF-8 has it, and what is being said matters more.
            document = self.model_dump(by_alias=True, exclude_none=True)
            return json.dumps(_without_surrogates(document), ensure_ascii=False, separators=(",", ":"))


def _without_surrogates(value: Any) -> Any:  # noqa: ANN401 - any JSON
    match value:
        case str():
            return value.encode(errors="replace").decode()
        case list() | tuple():
            return [_without_surrogates(entry) for entry in value]
        case dict():
            return {_without_surrogates(key): _without_surrogates(entry) for key, entry in value.items()}
        case _:
            return value


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
    """Whether the endpoint was named by a user: it must not lead to cloud metadata, nor to a private address."""
    allowed_private_hosts: list[str] = []
    """Hosts on private addresses that a guarded endpoint may name all the same."""


class ObjectRef(ContractModel):
    """The Kubernetes object on whose behalf a pod runs."""

    namespace: str
    name: str
    uid: str
