"""What the operator is told at its start, by environment variables that the chart sets. Nothing else reads the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

from sft_operator.core.images import Images, PullPolicy

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class SettingsError(ValueError):
    """An environment variable is missing or holds what it must not; the text says which, and what it must be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it; each field names its variable."""

    images: Images
    """SFT_DATA_IMAGE, SFT_TRAINER_IMAGE (required) and SFT_IMAGE_PULL_POLICY (IfNotPresent)."""
    log_level: LogLevel
    """SFT_LOG_LEVEL. INFO: one line for each thing that was changed in the cluster."""
    workers: int
    """SFT_WORKERS: objects worked on at a time. Each worker mostly waits for the API server; 8 keep it from being flooded."""
    resync_seconds: int
    """SFT_RESYNC_SECONDS: a lost event costs at most this long. A list of both kinds a minute is no load worth naming."""
    progress_interval_seconds: int
    """SFT_PROGRESS_INTERVAL_SECONDS: least time between two writes of plain progress into one object's status."""
    health_port: int
    """SFT_HEALTH_PORT: where /healthz and /readyz are served."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Reads and checks every variable."""
        images = Images(
            data=_required(environment, "SFT_DATA_IMAGE"),
            trainer=_required(environment, "SFT_TRAINER_IMAGE"),
            pull_policy=cast(
                PullPolicy, _one_of(environment, "SFT_IMAGE_PULL_POLICY", get_args(PullPolicy), default="IfNotPresent")
            ),
        )
        return cls(
            images=images,
            log_level=cast(LogLevel, _one_of(environment, "SFT_LOG_LEVEL", get_args(LogLevel), default="INFO")),
            workers=_integer(environment, "SFT_WORKERS", default=8, least=1, most=64),
            resync_seconds=_integer(environment, "SFT_RESYNC_SECONDS", default=60, least=5, most=3600),
            progress_interval_seconds=_integer(environment, "SFT_PROGRESS_INTERVAL_SECONDS", default=15, least=1, most=3600),
            health_port=_integer(environment, "SFT_HEALTH_PORT", default=8081, least=1, most=65535),
        )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set; it must name a container image, for example 'registry/name:tag'")
    return value


def _one_of(environment: Mapping[str, str], name: str, allowed: tuple[str, ...], *, default: str) -> str:
    value = environment.get(name) or default
    if value not in allowed:
        raise SettingsError(f"{name} is '{value}'; it must be one of {', '.join(allowed)}")
    return value


def _integer(environment: Mapping[str, str], name: str, *, default: int, least: int, most: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise SettingsError(f"{name} is '{text}'; it must be a whole number from {least} to {most}")
    return int(text)
