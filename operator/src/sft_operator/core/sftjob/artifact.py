"""The proof of success: an artifact that the pod read back, in the run's own folder. Exit code 0 alone proves nothing."""

from __future__ import annotations

import re

from sft_operator.api.sft_job_status import ArtifactStatus
from sft_trainer.contract import TrainResult

MANIFEST_DIGEST = re.compile(r"[0-9a-f]{64}")


def verified_artifact(result: TrainResult | None, output_uri: str) -> ArtifactStatus | None:
    """The artifact that the pod named; None where it cannot be this run's."""
    artifact = result.artifact if result else None
    if artifact is None or not MANIFEST_DIGEST.fullmatch(artifact.manifest_digest):
        return None
    if artifact.uri.rstrip("/") != f"{output_uri}artifact":
        return None
    return ArtifactStatus(uri=artifact.uri, manifest_digest=artifact.manifest_digest, bytes=artifact.bytes)
