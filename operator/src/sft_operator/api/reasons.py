"""The words of every condition: its types, and the reasons that stand in them. docs/api.md lists them all.

The reasons of pods come from the contract between operator and trainer; they are repeated here because this package
imports nothing of the trainer, and a test holds the two lists together.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class DocumentedWord(StrEnum):
    """A word that programs compare, and its meaning for people."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        word = str.__new__(cls, value)
        word._value_ = value
        word.meaning = meaning
        return word


class ConditionType(DocumentedWord):
    """What a condition speaks of."""

    ACCEPTED = (
        "Accepted",
        "The spec can be worked on: its profile exists, admits this namespace, and covers what is named.",
    )
    DATASETS_READY = "DatasetsReady", "SFTJob: every dataset has a version made from its newest spec."
    PLANNED = (
        "Planned",
        "SFTJob: the plan pinned the model, counted the tokens and proved that the output can be written.",
    )
    PODS_READY = "PodsReady", "SFTJob: the training pod runs."
    SUCCEEDED = (
        "Succeeded",
        "SFTJob: the result. Unknown while the run goes on, True with a verified artifact, False when the run failed. "
        "Wait on this one: `kubectl wait --for=condition=Succeeded sft/NAME`.",
    )
    READY = (
        "Ready",
        "InstructionDataset: a version made from the newest spec stands. SFTJob: the training pod runs, or is done.",
    )
    SOURCES_CHANGED = (
        "SourcesChanged",
        "InstructionDataset: True when the sources hold something else than the version was made from; raise `spec.run` to "
        "take it in. Unknown when they could not be looked at. Absent while they have not been, or cannot change.",
    )
    RECONCILING = "Reconciling", "The operator is at work, or waits for something that comes by itself."
    STALLED = "Stalled", "Nothing will change until someone acts: the message says who and how."


class Reason(DocumentedWord):
    """Why a condition is as it is, or why an attempt ended as it did."""

    # Things go their way.
    ACCEPTED = "Accepted", "Nothing stands against the spec."
    PREPARING = "Preparing", "The rows are being read and checked."
    PUBLISHED = "Published", "A version made from the newest spec stands."
    DATASETS_READY = "DatasetsReady", "Every dataset has a version made from its newest spec."
    PLANNING = "Planning", "The plan is being made."
    PLANNED = "Planned", "The run is resolved; `status.resolved` says to what."
    STARTING = "Starting", "The training pod is being placed and started."
    TRAINING = "Training", "The training pod runs."
    RUNNING = "Running", "The run goes on; it has no result yet."
    COMPLETED = "Completed", "Done; what was made has been read back from the object store and verified."
    ALREADY_COMPLETED = "AlreadyCompleted", "The result was there already, from an earlier run with the same inputs."
    RETRYING = "Retrying", "The last attempt failed in a way that may pass; the next one starts at `status.retryAfter`."
    ENDING_PREVIOUS_RUN = "EndingPreviousRun", "`spec.run` was raised; the Jobs of the run before are being ended."
    LEAVING = "Leaving", "The attempt was ended; its pods are saving their work and are waited for."

    SOURCES_CHANGED = "SourcesChanged", "Files of the sources changed, came or went since the version was made."
    SOURCES_UNCHANGED = "SourcesUnchanged", "The sources are what the version was made from."

    # The spec names what is not there, or not allowed.
    PROFILE_NOT_FOUND = (
        "ProfileNotFound",
        "The TrainingProfile that is named does not exist, or none is named and no default admits this namespace.",
    )
    AMBIGUOUS_DEFAULT = (
        "AmbiguousDefault",
        "No profile is named, and more than one default admits this namespace: name one in `spec.profileName`.",
    )
    NAMESPACE_NOT_ALLOWED = (
        "NamespaceNotAllowed",
        "The profile does not list this namespace in `spec.allowedNamespaces`; its owners can add it.",
    )
    PROFILE_UNREADABLE = (
        "ProfileUnreadable",
        "The TrainingProfile holds what this version of the operator cannot read; its owners can mend it.",
    )
    OUTSIDE_LOCATIONS = (
        "OutsideLocations",
        "A URI lies outside of the profile's locations: name your own Secret beside it in `secretName`.",
    )
    DATASET_NOT_FOUND = "DatasetNotFound", "A dataset that is named does not exist in this namespace; it is waited for."
    DATASET_NOT_READY = "DatasetNotReady", "A dataset is still being prepared; it is waited for."
    DATASET_FAILED = "DatasetFailed", "A dataset's preparation failed; its own conditions say why."
    INVALID_SPEC = "InvalidSpec", "The spec holds what this version of the operator cannot read."
    STATUS_REFUSED = (
        "StatusRefused",
        "The API server refused the status that the operator wrote; nothing is started until it takes one.",
    )
    UNREADABLE_STATUS = "UnreadableStatus", "The status was written by another version of the operator; it is left as it is."

    # The cluster cannot start a pod.
    CONFIG_MAP_NOT_FOUND = "ConfigMapNotFound", "A ConfigMap that a pod mounts is not there; the pod starts once it is."
    SECRET_NOT_FOUND = (
        "SecretNotFound",
        "A Secret that the pod mounts is not in this namespace, or lacks a key: the message names it and what it must have.",
    )
    UNSCHEDULABLE = (
        "Unschedulable",
        "No node has what the profile asks for, for example its GPUs; the pod waits. The message is the scheduler's.",
    )
    IMAGE_PULL_FAILED = "ImagePullFailed", "The node could not get the image; the message is the kubelet's."
    POD_REFUSED = "PodRefused", "The cluster refused the pod or its Job, for example by a quota or an admission policy."

    # A Job or its evidence is gone.
    CHILD_DELETED = "ChildDeleted", "The Job was deleted by someone else; a new attempt is made."
    EVIDENCE_LOST = "EvidenceLost", "The pod ended, and how it ended is not known."
    ARTIFACT_MISSING = (
        "ArtifactMissing",
        "The pod ended well, but named no artifact it had read back: nothing to rely on.",
    )
    SUPERSEDED = "Superseded", "The spec was changed, or `spec.run` raised, before this came to its end."
    NO_PROGRESS = (
        "NoProgress",
        "Interrupted again and again: three attempts at training without a newer checkpoint between them, or six preparations or "
        "plans in a row. The message says what to do.",
    )
    SCRATCH_FULL = "ScratchFull", "The pod wrote more to its disk than the profile allows."
    EVICTED = "Evicted", "The kubelet evicted the pod, for example for want of disk or memory on its node."
    NODE_LOST = "NodeLost", "The node stopped answering."
    KILLED = "Killed", "The pod was killed before it could say why."

    # What a pod says of its own end.
    INVALID_CONFIG = "InvalidConfig", "The pod could not read its config."
    CONTRACT_MISMATCH = (
        "ContractMismatch",
        "Image and operator speak different versions of their contract: deploy them together.",
    )
    SOURCE_NOT_FOUND = "SourceNotFound", "Nothing is stored under the URI of a source."
    SOURCE_EMPTY = "SourceEmpty", "A source holds no rows."
    SOURCE_UNREADABLE = (
        "SourceUnreadable",
        "Rows cannot be read from a file of a source; the message says what it is.",
    )
    BUCKET_NOT_FOUND = "BucketNotFound", "The bucket does not exist at this endpoint."
    NO_ROWS_KEPT = "NoRowsKept", "Every row was rejected; `status.accounting` says why."
    TOO_FEW_ROWS = "TooFewRows", "Fewer rows were kept than `spec.gates.minRows` demands."
    TOO_MANY_REJECTED = "TooManyRejected", "More rows were rejected than `spec.gates.maxRejectPercent` allows."
    DATASET_CORRUPT = "DatasetCorrupt", "A file of the dataset version is not what its manifest says."
    MODEL_NOT_FOUND = "ModelNotFound", "Nothing is stored under the URI of the model."
    MODEL_WITHOUT_WEIGHTS = "ModelWithoutWeights", "The model's folder holds no *.safetensors and no .gguf file."
    MODEL_UNSUPPORTED = "ModelUnsupported", "The model is of a kind that cannot be trained here."
    MODEL_CHANGED = (
        "ModelChanged",
        "The model's files are not those that the plan pinned: raise `spec.run` to take the new ones.",
    )
    CREDENTIALS_INCOMPLETE = (
        "CredentialsIncomplete",
        "The Secret lacks AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY, or one of them is empty.",
    )
    STORE_DENIED = "StoreDenied", "The object store refused access with these credentials."
    STORE_FULL = "StoreFull", "The object store takes no more data."
    STORE_UNAVAILABLE = (
        "StoreUnavailable",
        "The object store did not answer, also after retries; it is tried again until it does.",
    )
    OUT_OF_MEMORY = "OutOfMemory", "Memory did not suffice, on the GPU or of the pod."
    NON_FINITE_LOSS = (
        "NonFiniteLoss",
        "The loss became infinite or no number: lower the learning rate, or look at the data.",
    )
    CHECKPOINT_UNUSABLE = "CheckpointUnusable", "Checkpoints were committed, and none of them can be read back."
    PREEMPTED = "Preempted", "The pod was told to stop and saved its work; the next attempt goes on from there."
    STALLED = "Stalled", "Training made no step for too long."
    HARDWARE = "Hardware", "A GPU or the network between the training processes failed."
    INTERNAL_ERROR = "InternalError", "A defect of ours; the message holds what to report."
