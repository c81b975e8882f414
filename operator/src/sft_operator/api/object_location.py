"""An S3 location that a user names in a spec."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict

from sft_operator.api.api_model import (
    ENDPOINT_URL,
    ENDPOINT_URL_IN_WORDS,
    ApiModel,
    Region,
    S3Uri,
    SecretName,
    cel,
    text,
    with_rules,
)

NEEDS_SECRET_RULE = cel(
    "has(self.secretName) || (!has(self.endpoint) && !has(self.region))",
    "endpoint and region may only be given together with secretName; a URI inside the profile's locations needs none of them",
)


NOT_METADATA_RULE = cel(
    "!self.matches('(?i)//(169[.]254|metadata[.]google)[.]')",
    "must not be a cloud's metadata service",
)
"""What a name leads to is checked by the pod; this says the plainest cases at once."""
UserEndpointUrl = Annotated[str, text(ENDPOINT_URL, ENDPOINT_URL_IN_WORDS, NOT_METADATA_RULE, max_length=512)]


class S3Location(ApiModel):
    """Where objects lie. Inside the profile's locations `uri` is enough; anywhere else a Secret stands beside it."""

    model_config = ConfigDict(json_schema_extra=with_rules(NEEDS_SECRET_RULE))

    uri: S3Uri
    """`s3://bucket/key`; with a trailing slash every object below it."""
    secret_name: SecretName | None = None
    """Secret in this namespace with the keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Needed outside the profile's
    locations."""
    endpoint: UserEndpointUrl | None = None
    """URL of the S3 server; AWS's own when absent."""
    region: Region | None = None
    """Region that requests are signed for."""
