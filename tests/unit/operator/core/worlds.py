"""Worlds to decide upon: small builders, and a simulation that carries decisions out as a cluster would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sft_operator.api.condition import Condition
from sft_operator.api.instruction_dataset import DatasetVersion, InstructionDatasetSpec, InstructionDatasetStatus
from sft_operator.api.sft_job import SFTJobSpec
from sft_operator.api.sft_job_status import SFTJobStatus
from sft_operator.api.training_profile import TrainingProfileSpec
from sft_operator.core.dataset.decide import decide as decide_dataset
from sft_operator.core.decision import Decision
from sft_operator.core.images import Images
from sft_operator.core.observed import (
    ChildJob,
    Children,
    DatasetSeen,
    DatasetWorld,
    JobEnd,
    Parent,
    Pod,
    Profile,
    SFTJobWorld,
    Terminated,
)
from sft_operator.core.sftjob.decide import decide as decide_sft_job
from sft_trainer import contract

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NAMESPACE = "team-a"
DIGEST = "d" * 64
REVISION = "a" * 64
MANIFEST_DIGEST = "b" * 64
IMAGES = Images(data="registry/data:1", trainer="registry/trainer:1", pull_policy="IfNotPresent")
DATASET = Parent("InstructionDataset", NAMESPACE, "faq", "11111111-2222-3333-4444-555555555555", 1)
SFT_JOB = Parent("SFTJob", NAMESPACE, "bot", "99999999-2222-3333-4444-555555555555", 1)


def profile(name: str = "cpu", **changes: Any) -> Profile:
    """A default profile for everyone, with one location; `changes` are fields of its spec as in a manifest."""
    spec: dict[str, Any] = {
        "default": True,
        "allowedNamespaces": ["*"],
        "resources": {"cpu": "4", "memory": "8Gi", "disk": "10Gi"},
        "preparation": {"cpu": "500m", "memory": "1Gi", "disk": "2Gi"},
        "locations": [
            {"uri": "s3://raw/", "access": "Read", "secretName": "raw-keys"},
            {"uri": "s3://out/{namespace}/", "access": "ReadWrite", "endpoint": "http://s3:9000", "secretName": "s3"},
        ],
    }
    return Profile(name, TrainingProfileSpec.model_validate(spec | changes))


def dataset_spec(**changes: Any) -> InstructionDatasetSpec:
    return InstructionDatasetSpec.model_validate({"sources": [{"name": "faq", "s3": {"uri": "s3://raw/faq/"}}]} | changes)


def sft_job_spec(**changes: Any) -> SFTJobSpec:
    return SFTJobSpec.model_validate(
        {"model": {"s3": {"uri": "s3://raw/models/small/"}}, "datasets": [{"name": "faq"}]} | changes
    )


def condition(type: str, status: str, *, generation: int = 1, reason: str = "Published") -> Condition:
    return Condition.model_validate(
        {
            "type": type,
            "status": status,
            "reason": reason,
            "message": "",
            "observedGeneration": generation,
            "lastTransitionTime": "2026-03-01T11:00:00Z",
        }
    )


def version(generation: int = 1, digest: str = DIGEST) -> DatasetVersion:
    return DatasetVersion(
        digest=digest,
        uri=f"s3://out/{NAMESPACE}/{NAMESPACE}/datasets/faq/{digest}/",
        rows=10,
        train_rows=9,
        eval_rows=1,
        bytes=100,
        generation=generation,
        run=1,
        ready_at="2026-03-01T11:00:00Z",
    )


def ready_dataset(generation: int = 1, *, observed: int | None = None) -> DatasetSeen:
    observed = generation if observed is None else observed
    status = InstructionDatasetStatus(
        observed_generation=observed,
        phase="Ready",
        conditions=[condition("Ready", "True", generation=observed)],
        version=version(observed),
    )
    return DatasetSeen(generation, status)


def dataset_world(**changes: Any) -> DatasetWorld:
    world = DatasetWorld(DATASET, dataset_spec(), InstructionDatasetStatus(), [profile()], IMAGES)
    return replace(world, **changes)


def sft_job_world(**changes: Any) -> SFTJobWorld:
    world = SFTJobWorld(SFT_JOB, sft_job_spec(), SFTJobStatus(), [profile()], IMAGES, datasets={"faq": ready_dataset()})
    return replace(world, **changes)


def pod(job_uid: str, **changes: Any) -> Pod:
    return replace(Pod(f"{job_uid}-pod", f"{job_uid}-pod-uid"[-64:], job_uid, NOW, "Pending"), **changes)


def job_end(outcome: Literal["Complete", "Failed"], reason: str = "", message: str = "") -> JobEnd:
    """A Job that ended a while ago."""
    return JobEnd(outcome, reason, message, NOW - timedelta(seconds=60))


def message(pod_uid: str, exit_code: int, reason: str, **results: Any) -> str:
    said = {
        "contractVersion": contract.CONTRACT_VERSION,
        "podUid": pod_uid,
        "attempt": 1,
        "exitCode": exit_code,
        "reason": reason,
        "message": f"the pod says {reason}",
        "remedy": "the pod's remedy",
    }
    return contract.TerminationMessage.model_validate(said | results).to_json()


def prepared(digest: str = DIGEST) -> dict[str, Any]:
    folder = f"s3://out/{NAMESPACE}/{NAMESPACE}/datasets/faq/"
    result = {
        "digest": digest,
        "uri": f"{folder}{digest}/",
        "trainRows": 9,
        "evalRows": 1,
        "bytes": 100,
        "accounting": {"read": 12, "kept": 10, "rejected": {"Empty": 2}},
        "reportUri": f"{folder}runs/11111111-g1-r1/report.json",
        "rejects": [{"source": "faq", "file": "a.jsonl", "line": 3, "reason": "Empty"}],
    }
    return {"prepare": result}


def planned(**changes: Any) -> dict[str, Any]:
    model = {
        "revision": REVISION,
        "weightFormat": "Safetensors",
        "architecture": "LlamaForCausalLM",
        "parameters": 1000,
        "bytes": 2000,
        "contextLength": 512,
    }
    data = {
        "trainRows": 9,
        "evalRows": 1,
        "tokens": 900,
        "trainedTokens": 400,
        "truncatedRows": 0,
        "longestRowTokens": 120,
    }
    return {"plan": {"model": model | changes, "data": data}}


def trained(output_uri: str, **changes: Any) -> dict[str, Any]:
    result = {
        "totalSteps": 6,
        "lastCommittedStep": 6,
        "trainLoss": 1.23456,
        "artifact": {"uri": f"{output_uri}artifact/", "manifestDigest": MANIFEST_DIGEST, "bytes": 10},
        "samples": [{"prompt": "p", "before": "b", "after": "a"}] * 5,
    }
    return {"train": result | changes}


@dataclass
class Cluster:
    """Carries out decisions for one object, with a clock of its own; what pods do is said by the test."""

    world: Any
    now: datetime = NOW
    jobs: dict[str, ChildJob] = field(default_factory=dict)
    pods: dict[str, Pod] = field(default_factory=dict)
    created: list[Mapping[str, Any]] = field(default_factory=list)
    """Every Job ever created, as it was posted."""
    configs: list[str] = field(default_factory=list)
    handed_over: list[str] = field(default_factory=list)
    """Names of the Jobs that were given their ConfigMap."""
    announced: list[str] = field(default_factory=list)

    @property
    def status(self) -> Any:
        return self.world.status

    def look(self) -> Decision[Any]:
        """One pass: decide, and carry it out."""
        children = Children(list(self.jobs.values()), list(self.pods.values()))
        self.world = replace(self.world, children=children)
        decide: Any = decide_dataset if isinstance(self.world, DatasetWorld) else decide_sft_job
        decision: Decision[Any] = decide(self.world, self.now)
        self.world = replace(self.world, status=type(decision.status).model_validate_json(_json(decision.status)))
        if decision.hand_over is not None:
            assert self.jobs[decision.hand_over.name] == decision.hand_over
            self.handed_over.append(decision.hand_over.name)
        if decision.create is not None:
            self._create(decision.create.job)
            self.configs.append(decision.create.config_map["data"]["config.json"])
        for deletion in decision.delete:
            assert self.jobs[deletion.name].uid == deletion.uid
            del self.jobs[deletion.name]
        self.announced += [announcement.reason for announcement in decision.announce]
        return decision

    def settle(self) -> Decision[Any]:
        """Passes until nothing more is done at once."""
        for _ in range(10):
            decision = self.look()
            is_seen_again = decision.create is not None or decision.delete
            if not is_seen_again and decision.requeue_after_seconds != 0:
                return decision
        raise AssertionError("the decisions never settle")

    def _create(self, job: Mapping[str, Any]) -> None:
        name, labels = job["metadata"]["name"], job["metadata"]["labels"]
        assert name not in {posted["metadata"]["name"] for posted in self.created}, "a Job is posted once"
        self.created.append(job)
        self.jobs[name] = ChildJob(
            name,
            f"uid-{name}",
            self.now,
            generation=int(labels["sft-operator.io/generation"]),
            run=int(labels["sft-operator.io/run"]),
            attempt=int(labels["sft-operator.io/attempt"]),
            stage=labels["sft-operator.io/stage"],
        )

    def newest_job(self) -> ChildJob:
        return list(self.jobs.values())[-1]

    def start_pod(self) -> Pod:
        """The newest Job's pod runs."""
        job = self.newest_job()
        started = pod(job.uid, phase="Running", node="node-1", ip="10.0.0.1", created_at=self.now)
        self.pods[started.uid] = started
        return started

    def end_pod(self, exit_code: int, reason: str = "InternalError", **results: Any) -> Decision[Any]:
        """The newest Job's pod ends with this message, and with it the Job; then passes until nothing is left."""
        job, ended = self.newest_job(), self.start_pod()
        said = message(ended.uid, exit_code, reason, **results)
        phase = "Failed" if exit_code else "Succeeded"
        self.pods[ended.uid] = replace(ended, phase=phase, terminated=Terminated(exit_code, "Error", said))
        outcome: Literal["Failed", "Complete"] = "Failed" if exit_code else "Complete"
        end = JobEnd(outcome, "", "", self.now)
        self.jobs[job.name] = replace(job, end=end)
        return self.settle()

    def end_in_outage(self, reason: str) -> Decision[Any]:
        """The newest Job's pod is ended by its node or by the store's absence; then passes until nothing is left."""
        if reason == "StoreUnavailable":
            return self.end_pod(13, reason)
        job, lost = self.newest_job(), self.start_pod()
        cause: dict[str, Any] = {"status_reason": "Evicted"} if reason == "Evicted" else {"disruption": "DeletionByTaintManager"}
        self.pods[lost.uid] = replace(lost, phase="Failed", terminated=Terminated(137, "Error", ""), **cause)
        self.jobs[job.name] = replace(job, end=JobEnd("Failed", "", "", self.now))
        return self.settle()

    def wait(self, seconds: float) -> Decision[Any]:
        """Time goes by; then passes until nothing more is done at once."""
        self.now += timedelta(seconds=seconds)
        return self.settle()

    def edit(self, spec: Any) -> Decision[Any]:
        """The user applies another spec."""
        parent = replace(self.world.parent, generation=self.world.parent.generation + 1)
        self.world = replace(self.world, spec=spec, parent=parent)
        return self.settle()

    def truth(self, type: str) -> tuple[str, str]:
        """Status and reason of a condition."""
        found = next(condition for condition in self.status.conditions if condition.type == type)
        return found.status, found.reason

    def says(self, type: str) -> str:
        """Message of a condition."""
        return str(next(condition.message for condition in self.status.conditions if condition.type == type))


def _json(status: Any) -> str:
    """As it goes to the API server and comes back."""
    return str(status.model_dump_json(by_alias=True, exclude_none=True))
