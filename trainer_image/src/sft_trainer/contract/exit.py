"""How a pod ends: its exit code for Kubernetes, its reason for people."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class ExitCode(IntEnum):
    """Exit codes of every pod. podFailurePolicy and the operator's retry policy are written in terms of them."""

    DONE = 0
    INVALID = 10
    """Invalid config, dataset, model or contract: no retry can help."""
    OUT_OF_MEMORY = 11
    NON_FINITE_LOSS = 12
    STORE_UNAVAILABLE = 13
    CHECKPOINT_UNUSABLE = 14
    STORE_DENIED = 15
    """The store denied access or is full."""
    PREEMPTED = 20
    STALLED = 21
    HARDWARE = 22


class Reason(StrEnum):
    """Why a pod ended as it did: a CamelCase word that becomes a condition's reason."""

    COMPLETED = "Completed"
    ALREADY_COMPLETED = "AlreadyCompleted"
    INVALID_CONFIG = "InvalidConfig"
    CONTRACT_MISMATCH = "ContractMismatch"
    SOURCE_NOT_FOUND = "SourceNotFound"
    SOURCE_EMPTY = "SourceEmpty"
    SOURCE_UNREADABLE = "SourceUnreadable"
    BUCKET_NOT_FOUND = "BucketNotFound"
    NO_ROWS_KEPT = "NoRowsKept"
    TOO_FEW_ROWS = "TooFewRows"
    TOO_MANY_REJECTED = "TooManyRejected"
    DATASET_CORRUPT = "DatasetCorrupt"
    MODEL_NOT_FOUND = "ModelNotFound"
    MODEL_WITHOUT_WEIGHTS = "ModelWithoutWeights"
    MODEL_UNSUPPORTED = "ModelUnsupported"
    MODEL_CHANGED = "ModelChanged"
    CREDENTIALS_INCOMPLETE = "CredentialsIncomplete"
    STORE_DENIED = "StoreDenied"
    STORE_FULL = "StoreFull"
    STORE_UNAVAILABLE = "StoreUnavailable"
    OUT_OF_MEMORY = "OutOfMemory"
    NON_FINITE_LOSS = "NonFiniteLoss"
    CHECKPOINT_UNUSABLE = "CheckpointUnusable"
    PREEMPTED = "Preempted"
    STALLED = "Stalled"
    HARDWARE = "Hardware"
    INTERNAL_ERROR = "InternalError"
