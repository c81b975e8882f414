"""What botocore's errors mean: which pass, which say that an object is missing, and what a user is told of the others."""

from __future__ import annotations

import errno

from boto3.exceptions import RetriesExceededError, S3UploadFailedError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ResponseStreamingError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

from sft_trainer.contract import ExitCode, Reason
from sft_trainer.failure import TrainerFailure, invalid

TRANSIENT_CODES = {
    *("SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "Throttling", "RequestLimitExceeded"),
    *("ConditionalRequestConflict", "OperationAborted"),  # two writers met; whoever comes second sees what stands
    "NoSuchUpload",  # a server that restarted may have forgotten the parts; the upload begins again
}
BARE_NOT_FOUND = ("404", "NotFound")
DENIED_CODES = {
    "XAdminUserNotFound",  # versitygw's word for an access key that it does not know, sent as 404
    "AccessDenied",
    "Forbidden",
    "403",
    "401",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
}
FULL_CODES = {"QuotaExceeded", "InsufficientStorage", "StorageFull", "507", "XMinioStorageFull"}


def _client_error(error: BaseException) -> ClientError | None:
    """The service's answer, also behind the transfer manager's wrapping."""
    if isinstance(error, ClientError):
        return error
    if isinstance(error, S3UploadFailedError) and isinstance(error.__context__, ClientError):
        return error.__context__
    return None


def _code_and_status(error: ClientError) -> tuple[str, int]:
    metadata = error.response.get("ResponseMetadata", {})
    return str(error.response.get("Error", {}).get("Code", "")), int(metadata.get("HTTPStatusCode", 0))


def is_missing_object(error: BaseException) -> bool:
    """No such key; a missing bucket is something else."""
    answer = _client_error(error)
    return answer is not None and _code_and_status(answer)[0] in ("NoSuchKey", *BARE_NOT_FOUND)


def says_only_not_found(error: BaseException) -> bool:
    """An answer to HEAD has no body: its 404 may as well mean the bucket, or (of some servers) the user."""
    answer = _client_error(error)
    return answer is not None and _code_and_status(answer)[0] in BARE_NOT_FOUND


def is_precondition_failed(error: ClientError) -> bool:
    """If-None-Match found an object."""
    code, status = _code_and_status(error)
    return status == 412 or code == "PreconditionFailed"


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed later."""
    answer = _client_error(error)
    if answer is not None:
        code, status = _code_and_status(answer)
        # 412: the object was replaced while it was being downloaded (put_if_absent has taken its own 412 for what it is).
        return code in TRANSIENT_CODES or status in (408, 412, 429, 500, 502, 503, 504)
    transient = (EndpointConnectionError, BotoConnectionError, HTTPClientError, ResponseStreamingError, IncompleteReadError)
    return isinstance(error, (*transient, ConnectionError, TimeoutError, S3UploadFailedError, RetriesExceededError))


def translate(error: BaseException, uri: str, endpoint: str) -> TrainerFailure:
    """The failure that ends the pod."""
    answer = _client_error(error)
    if answer is not None:
        return _translate_answer(answer, uri, endpoint)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return invalid(
            Reason.CREDENTIALS_INCOMPLETE,
            f"no credentials were found for {uri}",
            "name a Secret in the profile's location (or beside the URI), or give the pods an identity of their own",
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        message = f"the pod's disk is full while it transfers {uri}"
        return TrainerFailure(
            ExitCode.STORE_DENIED, Reason.STORE_FULL, message, "ask the platform team for a profile with more disk"
        )
    if is_transient(error):
        message = f"the object store at {endpoint} could not be reached for {uri} ({type(error).__name__})"
        return TrainerFailure(
            ExitCode.STORE_UNAVAILABLE, Reason.STORE_UNAVAILABLE, message, "it is tried again; look at the S3 server"
        )
    if isinstance(error, BotoCoreError):
        return invalid(Reason.INVALID_CONFIG, f"{uri}: {error}", "correct the location")
    raise error


def _translate_answer(error: ClientError, uri: str, endpoint: str) -> TrainerFailure:
    code, status = _code_and_status(error)
    if code == "NoSuchBucket":
        bucket = uri.removeprefix("s3://").split("/", 1)[0]
        return invalid(
            Reason.BUCKET_NOT_FOUND,
            f"bucket '{bucket}' was not found at {endpoint}",
            "correct the bucket's name, or create the bucket and raise spec.run",
        )
    if code in FULL_CODES or status == 507:
        message = f"{endpoint} has no room for {uri} ({code or status})"
        return TrainerFailure(
            ExitCode.STORE_DENIED, Reason.STORE_FULL, message, "free space or raise the quota, then raise spec.run"
        )
    if code in DENIED_CODES or status in (401, 403):
        return TrainerFailure(
            ExitCode.STORE_DENIED,
            Reason.STORE_DENIED,
            f"{endpoint} denied access to {uri} ({code or status})",
            "check the keys in the Secret and what they may do there, then raise spec.run",
        )
    if is_transient(error):
        message = f"{endpoint} kept answering {code or status} for {uri}"
        return TrainerFailure(
            ExitCode.STORE_UNAVAILABLE, Reason.STORE_UNAVAILABLE, message, "it is tried again; look at the S3 server"
        )
    if status == 501:
        message = f"{endpoint} cannot do what {uri} needs: {code}; writes must be possible with If-None-Match"
        return invalid(Reason.INVALID_CONFIG, message, "use an object store with conditional writes")
    remedy = "correct the location: bucket, endpoint and region must belong together"
    return invalid(Reason.INVALID_CONFIG, f"{endpoint} refused {uri}: {code or status}", remedy)
