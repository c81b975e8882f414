"""TrainingProfile: what a platform team offers; cluster-scoped, never written by users."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from sft_operator.api.api_model import (
    DNS_NAME,
    DNS_NAME_IN_WORDS,
    LIST_SET,
    NO_RELATIVE_PARTS_RULE,
    OBJECT_NAME_RULE,
    ApiModel,
    Cpus,
    EndpointUrl,
    HostName,
    MemorySize,
    NamespaceName,
    Region,
    SecretName,
    cel,
    list_map,
    text,
    with_rules,
)


class Access(StrEnum):
    """What may be done at a location."""

    READ = "Read"
    READ_WRITE = "ReadWrite"


LocationUri = Annotated[
    str,
    text(
        r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([^/]+/)*$",
        "must be s3://bucket/prefix/ with a slash at its end, and the bucket's name in lower case",
        NO_RELATIVE_PARTS_RULE,
        max_length=512,
    ),
]


class Location(ApiModel):
    """A part of an object store, and the Secret that opens it in the namespace of whoever uses it."""

    uri: LocationUri
    """`s3://bucket/prefix/`, with a trailing slash. `{namespace}` stands for the namespace of the job."""
    access: Access
    """What may be done here."""
    endpoint: EndpointUrl | None = None
    """URL of the S3 server; AWS's own when absent."""
    region: Region | None = None
    """Region that requests are signed for."""
    secret_name: SecretName | None = None
    """Secret expected in the job's namespace, with the keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; none leaves it
    to the pod's identity."""


class GPU(ApiModel):
    """GPUs for each training pod."""

    resource_name: Annotated[
        str,
        text(
            r"^[a-z0-9.-]+/[A-Za-z0-9._-]+$",
            "must be the name under which a node offers its GPUs, for example 'nvidia.com/gpu'",
            max_length=128,
        ),
    ] = "nvidia.com/gpu"
    """Name under which nodes offer their GPUs."""
    count: Annotated[int, Field(ge=1, le=16)] = 1
    """GPUs for each pod."""


class Resources(ApiModel):
    """Requests and limits of a pod. Memory is both, so that a pod is never killed for a neighbour's use."""

    cpu: Cpus
    """CPUs, for example `8` or `500m`."""
    memory: MemorySize
    """Memory, for example `32Gi`."""
    disk: MemorySize
    """Size limit of the scratch volume: model, dataset and the newest checkpoints lie there."""


class TrainingResources(Resources):
    """Resources of a training pod; no GPU means training on the CPU."""

    gpu: GPU | None = None
    """GPUs for each training pod; absent for training on the CPU."""


LabelValue = Annotated[
    str,
    text(
        r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
        "must consist of letters, digits, '-', '_' and '.', and start and end with a letter or digit",
        max_length=63,
    ),
]


LABEL_KEY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
MAX_LABEL_KEY_LENGTH = 317
"""A DNS name of 253 characters, a slash, and 63 more."""
LABEL_KEYS_RULE = cel(
    f"self.all(key, size(key) <= {MAX_LABEL_KEY_LENGTH} && key.matches('{LABEL_KEY}'))",
    "keys must be those of labels, for example 'topology.kubernetes.io/zone'",
)


class Toleration(ApiModel):
    """As in core/v1 Toleration."""

    model_config = ConfigDict(
        json_schema_extra=with_rules(
            cel("self.operator == 'Equal' || !has(self.value)", "value must be absent when operator is Exists", ".value"),
            cel("self.operator == 'Exists' || has(self.key)", "key must be given when operator is Equal"),
        )
    )

    key: (
        Annotated[
            str,
            text(LABEL_KEY, "must be the key of a taint, for example 'nvidia.com/gpu'", max_length=MAX_LABEL_KEY_LENGTH),
        ]
        | None
    ) = None
    """Key of the taint; absent together with operator Exists for all taints."""
    operator: Literal["Equal", "Exists"] = "Equal"
    """Whether the taint's value must be the same, or the taint just be there."""
    value: LabelValue | None = None
    """Value of the taint; empty when absent."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """Effect of the taint; every effect when absent."""


class Scheduling(ApiModel):
    """Where the pods may run."""

    node_selector: Annotated[dict[str, LabelValue], Field(max_length=16, json_schema_extra=with_rules(LABEL_KEYS_RULE))] = {}
    """Labels that a node must have."""
    tolerations: Annotated[list[Toleration], Field(max_length=16)] = []
    """Taints that do not keep the pods away."""
    priority_class_name: Annotated[str, text(DNS_NAME, DNS_NAME_IN_WORDS, max_length=253)] | None = None
    """PriorityClass of the pods."""


class PublicOrigin(StrEnum):
    """Where rows may come from, outside of the object stores."""

    HTTP = "HTTP"
    HUGGING_FACE = "HuggingFace"


class Network(ApiModel):
    """What pods may reach outside of the profile's locations."""

    allowed_origins: Annotated[list[PublicOrigin], Field(max_length=2, json_schema_extra=LIST_SET)] = [
        PublicOrigin.HTTP,
        PublicOrigin.HUGGING_FACE,
    ]
    """HTTP for sources with a URL, HuggingFace for the hub and the catalog; an empty list forbids both."""
    allowed_private_hosts: Annotated[list[HostName], Field(max_length=64, json_schema_extra=LIST_SET)] = []
    """Hosts with a private address that users may name, such as a mirror or an S3 server of their own. Every other private
    address is refused."""
    hub_endpoint: EndpointUrl = "https://huggingface.co"
    """The hub, or a mirror that speaks its API. A private one must be among `allowedPrivateHosts` too."""


class TrainingProfileSpec(ApiModel):
    """Resources, storage and rules for everyone who names this profile."""

    model_config = ConfigDict(
        json_schema_extra=with_rules(
            cel(
                "self.locations.exists(l, l.access == 'ReadWrite')",
                "one location must have access ReadWrite: the first such one takes the output",
                ".locations",
            )
        )
    )

    default: bool = False
    """Used by objects that name no profile. More than one eligible default is an error that those objects report."""
    allowed_namespaces: Annotated[list[NamespaceName], Field(max_length=256, json_schema_extra=LIST_SET)] = []
    """Namespaces that may use this profile; `*` is all of them, an empty list none."""
    resources: TrainingResources
    """For pods that train."""
    preparation: Resources
    """For pods that prepare data and plan runs; never a GPU."""
    scheduling: Scheduling = Scheduling()
    """Where the pods may run."""
    image_pull_secrets: Annotated[list[SecretName], Field(max_length=8, json_schema_extra=LIST_SET)] = []
    """Secrets expected in the job's namespace that open a private registry for the pods' images."""
    locations: Annotated[list[Location], Field(min_length=1, max_length=16, json_schema_extra=list_map("uri"))]
    """Storage these jobs may use. The first ReadWrite one takes the output."""
    network: Network = Network()
    """What pods may reach outside of the profile's locations."""
    termination_grace_period_seconds: Annotated[int, Field(ge=10, le=3600)] = 120
    """How long a pod may take to save its work when it is told to stop."""


class TrainingProfile(ApiModel):
    """What a platform team offers to those who fine-tune: resources, storage and rules. It has no status."""

    model_config = ConfigDict(json_schema_extra=with_rules(OBJECT_NAME_RULE))

    spec: TrainingProfileSpec
    """Resources, storage and rules for everyone who uses this profile."""
