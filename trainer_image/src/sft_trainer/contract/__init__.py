"""The contract between the operator and the pods it starts: what goes in (a config file) and what comes out.

The operator writes one of `PrepareConfig`, `SourceCheckConfig`, `PlanConfig`, `RunConfig` into a ConfigMap, mounted at
`CONFIG_PATH`. The pod answers with `Progress` over HTTP while it runs, and with one `TerminationMessage` at its end, which the
store keeps as exit record.
This module imports pydantic only, because the operator imports it; it must never import anything else of the trainer.

A config holds no secret, only the folder in which the kubelet mounts one. Field names are camelCase on the wire.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sft_trainer.contract.clean import (
    ChineseScript,
    CleanSettings,
    PersonalDataSettings,
    Protection,
    Refusing,
    Removing,
    Repairing,
    Thinking,
)
from sft_trainer.contract.dedupe import CompareBy, ContaminationSettings, DedupeSettings, DuplicateAction, NearDuplicateSettings
from sft_trainer.contract.exit import ExitCode, Reason
from sft_trainer.contract.export import ExportShape
from sft_trainer.contract.features import FeatureSettings
from sft_trainer.contract.plan import DataStats, ModelFacts, PlanConfig, PlanResult, WeightFormat
from sft_trainer.contract.prepare import (
    MAX_EVAL_PERCENT,
    Accounting,
    Gates,
    PinnedDataset,
    PrepareConfig,
    PrepareResult,
    RejectedRow,
)
from sft_trainer.contract.progress import Phase, Progress
from sft_trainer.contract.source import (
    CatalogSource,
    DomainLimit,
    FieldMap,
    HttpSource,
    HuggingFaceSource,
    MountedSource,
    NetworkSettings,
    RowFormat,
    Source,
    StoreSource,
)
from sft_trainer.contract.source_check import Drift, SourceCheckConfig
from sft_trainer.contract.termination import MAX_MESSAGE_TEXT_BYTES, MAX_SAMPLE_TEXT_BYTES, TerminationMessage
from sft_trainer.contract.train import (
    Artifact,
    LearningRateSchedule,
    LoRASettings,
    Precision,
    RunConfig,
    Sample,
    SamplingSettings,
    TrainingSettings,
    TrainResult,
)
from sft_trainer.contract.wire import (
    AUTHORIZATION_KEY,
    CONFIG_MAPS_ROOT,
    CONFIG_PATH,
    CONTRACT_VERSION,
    CREDENTIAL_KEYS,
    CREDENTIALS_ROOT,
    HUB_TOKEN_KEY,
    MAX_TERMINATION_MESSAGE_BYTES,
    OPTIONAL_CREDENTIAL_KEYS,
    POD_UID_VARIABLE,
    PROGRESS_PORT,
    SCRATCH_PATH,
    TERMINATION_LOG_PATH,
    ContractModel,
    ObjectRef,
    StorePrefix,
)

__all__ = [
    "AUTHORIZATION_KEY",
    "CONFIG_MAPS_ROOT",
    "CONFIG_PATH",
    "CONTRACT_VERSION",
    "CREDENTIALS_ROOT",
    "CREDENTIAL_KEYS",
    "HUB_TOKEN_KEY",
    "MAX_EVAL_PERCENT",
    "MAX_MESSAGE_TEXT_BYTES",
    "MAX_SAMPLE_TEXT_BYTES",
    "MAX_TERMINATION_MESSAGE_BYTES",
    "OPTIONAL_CREDENTIAL_KEYS",
    "POD_UID_VARIABLE",
    "PROGRESS_PORT",
    "SCRATCH_PATH",
    "TERMINATION_LOG_PATH",
    "Accounting",
    "AnyConfig",
    "Artifact",
    "CatalogSource",
    "ChineseScript",
    "CleanSettings",
    "CompareBy",
    "ContaminationSettings",
    "ContractModel",
    "DataStats",
    "DedupeSettings",
    "DomainLimit",
    "Drift",
    "DuplicateAction",
    "ExitCode",
    "ExportShape",
    "FeatureSettings",
    "FieldMap",
    "Gates",
    "HttpSource",
    "HuggingFaceSource",
    "LearningRateSchedule",
    "LoRASettings",
    "ModelFacts",
    "MountedSource",
    "NearDuplicateSettings",
    "NetworkSettings",
    "ObjectRef",
    "PersonalDataSettings",
    "Phase",
    "PinnedDataset",
    "PlanConfig",
    "PlanResult",
    "Precision",
    "PrepareConfig",
    "PrepareResult",
    "Progress",
    "Protection",
    "Reason",
    "Refusing",
    "RejectedRow",
    "Removing",
    "Repairing",
    "RowFormat",
    "RunConfig",
    "Sample",
    "SamplingSettings",
    "Source",
    "SourceCheckConfig",
    "StorePrefix",
    "StoreSource",
    "TerminationMessage",
    "Thinking",
    "TrainResult",
    "TrainingSettings",
    "WeightFormat",
]

AnyConfig = Annotated[PrepareConfig | SourceCheckConfig | PlanConfig | RunConfig, Field(discriminator="kind")]
