"""Every rule of the three schemas, met and broken, on the real API server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from sft_operator.api.crd import object_schema
from sft_operator.api.kinds import KINDS
from tests.cluster import KubernetesCluster
from tests.integration.api.manifests import ABSENT, MINIMAL, changed, in_namespace

pytestmark = pytest.mark.integration


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a minimal manifest, set to something."""

    kind: str
    path: str
    value: Any
    name: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change that the API server refuses, naming `field` and saying `message`."""

    change: Change
    field: str
    message: str


def refused(kind: str, path: str, value: Any, message: str, *, field: str | None = None, name: str) -> Refusal:
    by_index = re.sub(r"[.]([0-9]+)", r"[\1]", path)
    return Refusal(Change(kind, path, value, name), field or by_index, message)


LABEL = "must consist of lower-case letters, digits and '-', and start and end with a letter or digit"
NAME = "metadata.name must have at most 36 characters, and only lower-case letters, digits and '-'"
BUCKET_URI = "must be s3://bucket/key, with the bucket's name in lower case"
NO_RELATIVE_PARTS = "must not contain '.' or '..' between slashes"
ENDPOINT = (
    "must be http:// or https://, a host, and a port where it is not the usual one, for example 'https://s3.example.com:9000'"
)
METADATA = "must not be a cloud's metadata service"
REGION = "must be the name of a region in lower case, for example 'eu-central-1'"
CPUS = "must be a number of CPUs, for example '4' or '500m'"
BYTES = "must be a number of bytes, for example '16Gi'"
NOT_ZERO = "must be greater than 0"
NEEDS_SECRET = (
    "endpoint and region may only be given together with secretName; a URI inside the profile's locations needs none of them"
)
HOST = "must be a host name in lower case, without a port; found a:80"
FIELD_MAP = "fieldMap must name either messages, or prompt and response with what stands beside them"
FILE = {"url": "https://example.com/a.jsonl", "sha256": "a" * 64}
REVISION = "must be a branch, tag or commit"
PLACE_REFUSALS: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "url-with-a-password",
        {"http": FILE | {"url": "https://me:secret@example.com/a"}},
        "http.url",
        "must be http:// or https://",
    ),
    ("url-of-a-file", {"http": FILE | {"url": "file:///etc/passwd"}}, "http.url", "must be http:// or https://"),
    ("short-checksum", {"http": FILE | {"sha256": "abc"}}, "http.sha256", "must be 64 lower-case hexadecimal digits; found abc"),
    ("url-with-bad-secret", {"http": FILE | {"secretName": "My_Secret"}}, "http.secretName", LABEL),
    ("repository", {"huggingFace": {"repository": "a/b/c"}}, "huggingFace.repository", "must be owner/name"),
    ("repository-revision", {"huggingFace": {"repository": "a/b", "revision": "a b"}}, "huggingFace.revision", REVISION),
    ("repository-backslash", {"huggingFace": {"repository": "a/b", "files": "a\\b"}}, "huggingFace.files", "must be a pattern"),
    ("repository-files", {"huggingFace": {"repository": "a/b", "files": "/a"}}, "huggingFace.files", "must be relative"),
    ("repository-secret", {"huggingFace": {"repository": "a/b", "secretName": "_"}}, "huggingFace.secretName", LABEL),
    ("catalog-name", {"catalog": {"name": "Alpaca!"}}, "catalog.name", "must be a name of docs/catalog.md; found Alpaca!"),
    ("catalog-revision", {"catalog": {"name": "a", "revision": "-"}}, "catalog.revision", REVISION),
    ("catalog-secret", {"catalog": {"name": "a", "secretName": "_"}}, "catalog.secretName", LABEL),
    ("config-map-name", {"configMap": {"name": "My_Rows"}}, "configMap.name", "must be the name of a ConfigMap; found My_Rows"),
    ("files-with-a-backslash", {"s3": {"uri": "s3://raw/faq/", "files": "a\\b"}}, "s3.files", "must be a pattern such as"),
    ("files-absolute", {"s3": {"uri": "s3://raw/faq/", "files": "/a"}}, "s3.files", "must be relative to the folder"),
    ("files-of-one-object", {"s3": {"uri": "s3://raw/a.jsonl", "files": "*"}}, "s3.uri", "with files, uri must be a folder"),
]


def source_refusals(sources: str, source: str, *, is_evaluation: bool) -> Iterator[Refusal]:
    """What every source of rows refuses; `source` is the name of the first one there."""
    path, kind = f"{sources}.0", "InstructionDataset"
    places = "s3, huggingFace, configMap, inline" if is_evaluation else "s3, http, huggingFace, catalog, configMap, inline"
    one = f"exactly one of {places} must be given; found"
    yield refused(kind, f"{path}.name", "Desk", f"{LABEL}; found Desk", name=f"{source}-name")
    field, inline = f"{sources}[0]", {"jsonl": "{}"}
    yield refused(
        kind, f"{path}.inline", inline, f"{one} s3 inline in source {source}", field=field, name=f"{source}-two-sources"
    )
    yield refused(kind, f"{path}.s3", ABSENT, f"{one} none in source {source}", field=field, name=f"{source}-no-source")
    yield from s3_refusals(kind, f"{path}.s3", source)
    there = [case for case in PLACE_REFUSALS if not is_evaluation or not {"http", "catalog"} & case[1].keys()]
    for member, value, at, must in there:
        wrong = {"name": source, **value}
        yield refused(kind, path, wrong, must, field=f"{field}.{at}", name=f"{source}-{member}")
    for wrong in ({"prompt": "q"}, {"messages": "m", "response": "a"}, {}):
        shown = "-".join(wrong) or "nothing"
        yield refused(
            kind, f"{path}.fieldMap", wrong, FIELD_MAP, field=f"{field}.fieldMap", name=f"{source}-field-map-of-{shown}"
        )


def s3_refusals(kind: str, path: str, of: str) -> Iterator[Refusal]:
    """What every S3 location refuses; `of` tells the cases apart."""
    base = {"uri": "s3://raw/faq/", "secretName": "mine"}
    yield refused(kind, f"{path}.uri", "raw/faq/", f"{BUCKET_URI}; found raw/faq/", name=f"{of}-uri-without-scheme")
    yield refused(
        kind, f"{path}.uri", "s3://raw/../other/", f"{NO_RELATIVE_PARTS}; found s3://raw/../other/", name=f"{of}-uri-dots"
    )
    for member, value, must in (
        ("secretName", "My_Secret", LABEL),
        ("endpoint", "s3.example.com", ENDPOINT),
        ("endpoint", "http://169.254.169.254/", METADATA),
        ("endpoint", "http://Metadata.Google.internal", METADATA),
        ("region", "EU Central", REGION),
    ):
        broken = base | {member: value}
        field = re.sub(r"[.]([0-9]+)", r"[\1]", f"{path}.{member}")
        yield refused(kind, path, broken, must, field=field, name=f"{of}-bad-{member}-{value}")
    for member, value in (("endpoint", "http://10.0.0.1:9000"), ("region", "eu-central-1")):
        yield refused(kind, path, {"uri": "s3://raw/faq/", member: value}, NEEDS_SECRET, name=f"{of}-{member}-without-secret")


def number_refusals(path: str, bounds: str, too_much: str) -> Iterator[Refusal]:
    """What every number that is written as text refuses."""
    member = path.rpartition(".")[2]
    for value in ("abc", "-1", "0x1p-3", "1,5", "NaN", "Infinity", " 1", too_much):
        message = f"must be a number {bounds}, written as text, for example"
        yield refused("SFTJob", path, value, message, name=f"{member}-{value}")


PROFILE_REFUSALS = [
    refused("TrainingProfile", "metadata.name", "a" * 37, NAME, name="profile-name-too-long"),
    refused(
        "TrainingProfile",
        "spec.locations.0.access",
        "Read",
        "one location must have access ReadWrite: the first such one takes the output",
        field="spec.locations",
        name="nowhere-to-write",
    ),
    refused(
        "TrainingProfile",
        "spec.locations.0.uri",
        "s3://tuned/prefix",
        "must be s3://bucket/prefix/ with a slash at its end, and the bucket's name in lower case; found s3://tuned/prefix",
        name="location-without-slash",
    ),
    refused("TrainingProfile", "spec.locations.0.uri", "s3://tuned/../", NO_RELATIVE_PARTS, name="location-dots"),
    refused(
        "TrainingProfile",
        "spec.network.allowedPrivateHosts",
        ["a:80"],
        HOST,
        field="spec.network.allowedPrivateHosts[0]",
        name="host",
    ),
    refused("TrainingProfile", "spec.network.hubEndpoint", "hf.co", ENDPOINT, name="hub-endpoint"),
    refused("TrainingProfile", "spec.locations.0.secretName", "A", LABEL, name="location-secret"),
    refused("TrainingProfile", "spec.locations.0.endpoint", "ftp://x", ENDPOINT, name="location-endpoint"),
    refused("TrainingProfile", "spec.locations.0.region", "EU", REGION, name="location-region"),
    refused(
        "TrainingProfile",
        "spec.allowedNamespaces",
        ["team-*"],
        "must be the name of a namespace, or '*' for all; found team-*",
        field="spec.allowedNamespaces[0]",
        name="namespace-pattern",
    ),
    *(
        refused("TrainingProfile", f"spec.{part}.{member}", value, f"{must}; found {value}", name=f"{part}-{member}")
        for part in ("resources", "preparation")
        for member, value, must in (("cpu", "2Gi", CPUS), ("memory", "8 GB", BYTES), ("disk", "500m", BYTES))
    ),
    *(
        refused("TrainingProfile", f"spec.{part}.{member}", value, f"{NOT_ZERO}; found {value}", name=f"{part}-{member}-zero")
        for part in ("resources", "preparation")
        for member, value in (("cpu", "0"), ("cpu", "000m"), ("memory", "0Gi"), ("disk", "0.0"))
    ),
    refused(
        "TrainingProfile",
        "spec.imagePullSecrets",
        ["My_Registry"],
        LABEL,
        field="spec.imagePullSecrets[0]",
        name="image-pull-secret",
    ),
    refused("TrainingProfile", "spec.scheduling.priorityClassName", "High", f"{LABEL}; '.' may", name="priority-class"),
    *(
        refused(
            "TrainingProfile",
            "spec.scheduling.nodeSelector",
            {key: "a"},
            "keys must be those of labels, for example 'topology.kubernetes.io/zone'",
            name=f"node-selector-key-{name}",
        )
        for name, key in (("with-a-blank", "no good"), ("with-two-slashes", "a/b/c"), ("too-long", "a" * 318))
    ),
    refused(
        "TrainingProfile",
        "spec.resources.gpu.resourceName",
        "gpu",
        "must be the name under which a node offers its GPUs, for example 'nvidia.com/gpu'; found gpu",
        name="gpu-name",
    ),
    refused(
        "TrainingProfile",
        "spec.scheduling.tolerations",
        [{"key": "gpu", "operator": "Exists", "value": "x"}],
        "value must be absent when operator is Exists",
        field="spec.scheduling.tolerations[0].value",
        name="toleration-value-with-exists",
    ),
    refused(
        "TrainingProfile",
        "spec.scheduling.tolerations",
        [{"value": "x"}],
        "key must be given when operator is Equal",
        field="spec.scheduling.tolerations[0]",
        name="toleration-without-key",
    ),
    refused(
        "TrainingProfile",
        "spec.scheduling.tolerations",
        [{"key": "no good"}],
        "must be the key of a taint, for example 'nvidia.com/gpu'; found no good",
        field="spec.scheduling.tolerations[0].key",
        name="toleration-key",
    ),
    refused(
        "TrainingProfile",
        "spec.scheduling.tolerations",
        [{"key": "gpu", "value": "no good"}],
        "must consist of letters, digits, '-', '_' and '.', and start and end with a letter or digit",
        field="spec.scheduling.tolerations[0].value",
        name="toleration-value",
    ),
    refused(
        "TrainingProfile",
        "spec.scheduling.nodeSelector",
        {"zone": "no good"},
        "must consist of letters, digits, '-', '_' and '.', and start and end with a letter or digit",
        field="spec.scheduling.nodeSelector[zone]",
        name="node-selector-value",
    ),
]
DATASET_REFUSALS = [
    refused(
        "InstructionDataset",
        "spec.clean.languages",
        ["en", "de"],
        "must be en, zh, ja, ko or other; found de",
        field="spec.clean.languages[1]",
        name="language",
    ),
    refused("InstructionDataset", "metadata.name", "faq.v1", f"{NAME}; found faq.v1", name="dataset-name-with-dot"),
    refused("InstructionDataset", "spec.profileName", "GPU", f"{LABEL}; found GPU", name="dataset-profile"),
    *source_refusals("spec.sources", "desk", is_evaluation=False),
    *source_refusals("spec.contamination.sources", "exam", is_evaluation=True),
    refused("InstructionDataset", "spec.features.model", {}, "s3 must be given", name="target-model-from-nowhere"),
    *s3_refusals("InstructionDataset", "spec.features.model.s3", "target-model"),
    refused("InstructionDataset", "spec.drift.checkSeconds", 59, "must be 0, or 60 at least", name="drift-too-often"),
]
JOB_REFUSALS = [
    refused("SFTJob", "metadata.name", "a" * 37, NAME, name="job-name-too-long"),
    refused("SFTJob", "spec.profileName", "GPU", f"{LABEL}; found GPU", name="job-profile"),
    refused("SFTJob", "spec.datasets.0.name", "FAQ", f"{LABEL}; found FAQ", name="dataset-reference"),
    refused("SFTJob", "spec.model", {}, "s3 must be given", name="model-from-nowhere"),
    *s3_refusals("SFTJob", "spec.model.s3", "model"),
    refused(
        "SFTJob",
        "spec.method.lora.targetModules",
        ["all-linear", "q_proj"],
        "'all-linear' must stand alone",
        name="all-linear-and-more",
    ),
    refused(
        "SFTJob",
        "spec.method.lora.targetModules",
        ["q proj"],
        "must be the name of a module of the model, for example 'q_proj', or 'all-linear'; found q proj",
        field="spec.method.lora.targetModules[0]",
        name="module-name",
    ),
    *number_refusals("spec.training.learningRate", "greater than 0 and less than 1", "1"),
    *number_refusals("spec.training.warmupRatio", "from 0 to below 1", "1.0"),
    *number_refusals("spec.training.weightDecay", "from 0 to below 1", "1e0"),
    *number_refusals("spec.training.maxGradNorm", "greater than 0", "0.0"),
    *number_refusals("spec.method.lora.dropout", "from 0 to below 1", "10"),
    *number_refusals("spec.evaluation.samples.sampling.temperature", "greater than 0 and at most 2", "2.1"),
    refused(
        "SFTJob",
        "spec.evaluation.samples.sampling",
        {"temperature": "0.7", "topP": "abc"},
        "must be a number greater than 0 and at most 1, written as text, for example '0.9'; found abc",
        field="spec.evaluation.samples.sampling.topP",
        name="topP-abc",
    ),
]
REFUSALS = [*PROFILE_REFUSALS, *DATASET_REFUSALS, *JOB_REFUSALS]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.change.name)
def test_a_broken_rule_is_answered_with_field_and_remedy(api: KubernetesCluster, namespace: str, refusal: Refusal) -> None:
    change = refusal.change
    manifest = changed(MINIMAL[change.kind](), change.path, change.value)
    answer = api.apply(in_namespace(manifest, namespace), dry_run=True)
    assert answer.returncode != 0
    errors = [line for line in answer.stderr.splitlines() if f"{refusal.field}: Invalid value" in line]
    assert len(errors) == 1, answer.stderr
    assert refusal.message in errors[0]
    assert "no such overload" not in answer.stderr
    assert "conversion error" not in answer.stderr


PLACES_ACCEPTED: dict[str, dict[str, Any]] = {
    "files-of-a-folder": {"s3": {"uri": "s3://raw/faq/", "files": "**/*.jsonl.gz", "maxObjects": 5, "maxBytes": 1 << 40}},
    "url": {"http": FILE | {"secretName": "portal", "maxBytes": 1000}},
    "repository": {"huggingFace": {"repository": "BAAI/COIG-CQIA", "revision": "refs/pr/1", "files": "*/*.jsonl"}},
    "catalog-entry": {"catalog": {"name": "alpaca-gpt4-zh"}, "samplePercent": 10, "maxRows": 5000},
    "config-map": {"configMap": {"name": "rows.v2"}, "fieldMap": {"prompt": "问题", "response": "回答", "system": "s"}},
    "turns-of-another-name": {"inline": {"jsonl": "{}"}, "fieldMap": {"messages": "dialogue", "system": "s"}},
}
ACCEPTED = [
    Change("InstructionDataset", "spec.drift.checkSeconds", 0, "drift-never"),
    Change("InstructionDataset", "spec.drift.checkSeconds", 60, "drift-each-minute"),
    Change("InstructionDataset", "spec.exports", ["OpenAI", "LlamaFactory", "MsSwift"], "all-exports"),
    Change(
        "InstructionDataset",
        "spec.features",
        {"model": {"s3": {"uri": "s3://models/small/"}}, "sequenceLengths": [16, 4096]},
        "target-model",
    ),
    Change("TrainingProfile", "spec.resources.gpu", {"count": 8}, "gpus"),
    Change("TrainingProfile", "spec.resources.cpu", "500m", "milli-cpus"),
    Change("TrainingProfile", "spec.resources.memory", "1.5Gi", "fractional-memory"),
    Change("TrainingProfile", "spec.resources.cpu", "0.5", "fractional-cpu"),
    Change("TrainingProfile", "spec.imagePullSecrets", ["registry", "mirror.keys"], "image-pull-secrets"),
    Change("TrainingProfile", "spec.scheduling.priorityClassName", "ml.high-priority", "priority-class"),
    Change("TrainingProfile", "spec.allowedNamespaces", ["team-a", "team-b"], "named-namespaces"),
    Change("TrainingProfile", "spec.locations.0.uri", "s3://tuned/{namespace}/out/", "location-with-namespace"),
    Change(
        "TrainingProfile",
        "spec.locations.0",
        {
            "uri": "s3://tuned/",
            "access": "ReadWrite",
            "endpoint": "http://10.0.0.1:7070",
            "region": "us-east-1",
            "secretName": "object-store",
        },
        "location-with-everything",
    ),
    Change("TrainingProfile", "spec.scheduling.tolerations", [{"operator": "Exists"}], "tolerate-everything"),
    Change(
        "TrainingProfile",
        "spec.scheduling",
        {
            "nodeSelector": {"topology.kubernetes.io/zone": "a-1"},
            "tolerations": [{"key": "nvidia.com/gpu", "value": "yes", "effect": "NoSchedule"}],
        },
        "scheduling",
    ),
    Change("InstructionDataset", "spec.sources", [{"name": "a", "inline": {"jsonl": '{"prompt": "a"}'}}], "inline-rows"),
    Change(
        "InstructionDataset",
        "spec.sources.0.s3",
        {"uri": "s3://mine", "secretName": "my.secret", "endpoint": "https://s3.example.com", "region": "eu-central-1"},
        "own-bucket",
    ),
    *(Change("InstructionDataset", "spec.sources", [{"name": "a"} | place], name) for name, place in PLACES_ACCEPTED.items()),
    Change(
        "InstructionDataset",
        "spec.clean",
        {
            "languages": ["zh", "en"],
            "chineseScript": "Simplified",
            "thinking": "Remove",
            "personalData": {"action": "Pseudonymise", "allow": ["@example.org", "400-820-8820"]},
            "secrets": "Reject",
        },
        "clean",
    ),
    Change("InstructionDataset", "spec.domains", [{"domain": "medical", "samplePercent": 50, "maxRows": 10}], "domains"),
    Change(
        "TrainingProfile",
        "spec.network",
        {"allowedOrigins": [], "allowedPrivateHosts": ["mirror.example.com"], "hubEndpoint": "https://mirror.example.com"},
        "network",
    ),
    Change("InstructionDataset", "metadata.name", "a" * 36, "longest-name"),
    Change("SFTJob", "spec.profileName", "one-gpu", "named-profile"),
    *(Change("SFTJob", "spec.training.learningRate", text, f"rate-{text}") for text in ("2e-4", "0.001", "1E-05", "5e-10")),
    Change("SFTJob", "spec.training.warmupRatio", "0", "no-warmup"),
    Change("SFTJob", "spec.training.weightDecay", "0.1", "weight-decay"),
    Change("SFTJob", "spec.training.maxGradNorm", "1e+2", "gradient-norm"),
    Change("SFTJob", "spec.method.lora", {"dropout": "0.05", "targetModules": ["q_proj", "v_proj"]}, "two-modules"),
    Change("SFTJob", "spec.evaluation.samples.sampling", {"temperature": "2", "topP": "1"}, "sampling"),
]


@pytest.mark.parametrize("change", ACCEPTED, ids=lambda change: change.name)
def test_what_keeps_the_rules_is_accepted(api: KubernetesCluster, namespace: str, change: Change) -> None:
    manifest = changed(MINIMAL[change.kind](), change.path, change.value)
    answer = api.apply(in_namespace(manifest, namespace), dry_run=True)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("kind", MINIMAL)
def test_the_least_manifest_is_accepted(api: KubernetesCluster, namespace: str, kind: str) -> None:
    answer = api.apply(in_namespace(MINIMAL[kind](), namespace), dry_run=True)
    assert answer.returncode == 0, answer.stderr


SCHEMA_REFUSALS = [
    pytest.param(
        "InstructionDataset",
        "spec.sources.0",
        {"name": "a", "http": {"url": FILE["url"]}},
        "spec.sources[0].http.sha256: Required value",
        id="unpinned-url",
    ),
    pytest.param("SFTJob", "spec.trainning", {}, "spec.trainning: field not declared in schema", id="unknown-field"),
    pytest.param(
        "SFTJob", "spec.training.learningRate", 2e-4, "spec.training.learningRate: expected string", id="unquoted-number"
    ),
    pytest.param("SFTJob", "spec.model", ABSENT, "spec.model: Required value", id="no-model"),
    pytest.param("SFTJob", "spec.datasets", [], "spec.datasets in body should have at least 1 items", id="no-dataset"),
    pytest.param(
        "SFTJob", "spec.training.epochs", 0, "spec.training.epochs in body should be greater than or equal to 1", id="zero"
    ),
    pytest.param(
        "SFTJob",
        "spec.training.schedule",
        "cosine",
        'supported values: "Linear", "Cosine", "Constant"',
        id="enum-in-lower-case",
    ),
    pytest.param(
        "InstructionDataset",
        "spec.split.evalPercent",
        51,
        "spec.split.evalPercent in body should be less than or equal to 50",
        id="too-much-evaluation",
    ),
    pytest.param(
        "InstructionDataset",
        "spec.sources",
        [{"name": "a", "inline": {"jsonl": "{}"}}, {"name": "a", "inline": {"jsonl": "{}"}}],
        'duplicate entries for key [name="a"]',
        id="same-source-twice",
    ),
    pytest.param("TrainingProfile", "spec.image", "evil", "spec.image: field not declared in schema", id="no-image"),
]


@pytest.mark.parametrize(("kind", "path", "value", "message"), SCHEMA_REFUSALS)
def test_the_schema_itself_names_the_field(
    api: KubernetesCluster, namespace: str, kind: str, path: str, value: Any, message: str
) -> None:
    answer = api.apply(in_namespace(changed(MINIMAL[kind](), path, value), namespace), dry_run=True)
    assert answer.returncode != 0
    assert message in answer.stderr


def rules(path: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(path of the field it speaks of, message) of each rule that looks at one state only."""
    for rule in schema.get("x-kubernetes-validations", ()):
        if "oldSelf" not in rule["rule"]:
            yield (path + rule.get("fieldPath", "")).removeprefix("."), rule["message"]
    for name, child in schema.get("properties", {}).items():
        yield from rules(f"{path}.{name}", child)
    if "items" in schema:
        yield from rules(f"{path}[]", schema["items"])
    if "additionalProperties" in schema:
        yield from rules(f"{path}[]", schema["additionalProperties"])


def test_no_rule_is_left_untested() -> None:
    """Rules that compare two states have tests of their own in test_run_rules.py."""
    stated = {(kind.name, path, message) for kind in KINDS for path, message in rules("", object_schema(kind))}
    tested = {
        (kind, path, message)
        for kind, path, message in stated
        for refusal in REFUSALS
        if refusal.change.kind == kind
        and re.sub(r"\[[^]]*\]", "[]", refusal.field) == path
        and refusal.message.startswith(message[: len(refusal.message)])
    }
    assert stated - tested == set()
