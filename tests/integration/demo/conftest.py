"""The S3 server of the trainer's tests serves the demo's as well."""

from __future__ import annotations

from tests.integration.trainer.conftest import s3_server

__all__ = ["s3_server"]
