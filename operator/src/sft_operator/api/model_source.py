"""Where a model comes from."""

from __future__ import annotations

from pydantic import ConfigDict

from sft_operator.api.api_model import ApiModel, cel, with_rules
from sft_operator.api.object_location import S3Location


class ModelSource(ApiModel):
    """Where the model comes from: exactly one member."""

    model_config = ConfigDict(json_schema_extra=with_rules(cel("has(self.s3)", "s3 must be given")))

    s3: S3Location | None = None
    """A folder (trailing slash) with config.json, tokenizer and *.safetensors, or with one .gguf file; or one .gguf
    object."""
