"""Each error of S3 has one meaning: it passes, or it ends the pod with an exit code, a reason and something to do."""

from __future__ import annotations

import errno

import pytest
from boto3.exceptions import RetriesExceededError, S3UploadFailedError
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from sft_trainer.contract import ExitCode, Reason
from sft_trainer.store.s3_errors import is_missing_object, is_transient, translate

URI, ENDPOINT = "s3://models/base/config.json", "http://s3:7070"


def answer(status: int, code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")  # type: ignore[typeddict-item]


def wrapped(error: ClientError) -> BaseException:
    """As boto3's upload_file raises it."""
    failed = S3UploadFailedError("failed to upload")
    failed.__context__ = error
    return failed


@pytest.mark.parametrize(
    "error",
    [
        answer(503, "SlowDown"),
        answer(500, "InternalError"),
        answer(502, "502"),
        answer(429, "TooManyRequests"),
        answer(400, "RequestTimeout"),
        answer(409, "ConditionalRequestConflict"),
        answer(412, "PreconditionFailed"),
        wrapped(answer(503, "SlowDown")),
        EndpointConnectionError(endpoint_url=ENDPOINT),
        ConnectTimeoutError(endpoint_url=ENDPOINT),
        ReadTimeoutError(endpoint_url=ENDPOINT),
        ConnectionClosedError(endpoint_url=ENDPOINT),
        ResponseStreamingError(error="reset"),
        IncompleteReadError(actual_bytes=1, expected_bytes=2),
        RetriesExceededError(S3UploadFailedError()),
        ConnectionResetError(),
        TimeoutError(),
    ],
    ids=repr,
)
def test_an_error_that_may_pass_is_tried_again_and_ends_as_store_unavailable(error: BaseException) -> None:
    assert is_transient(error)
    failure = translate(error, URI, ENDPOINT)
    assert (failure.exit_code, failure.reason) == (ExitCode.STORE_UNAVAILABLE, Reason.STORE_UNAVAILABLE)


@pytest.mark.parametrize(
    ("error", "exit_code", "reason", "told"),
    [
        (answer(404, "NoSuchBucket"), ExitCode.INVALID, Reason.BUCKET_NOT_FOUND, "bucket 'models' was not found"),
        (answer(403, "AccessDenied"), ExitCode.STORE_DENIED, Reason.STORE_DENIED, "AccessDenied"),
        (answer(404, "XAdminUserNotFound"), ExitCode.STORE_DENIED, Reason.STORE_DENIED, "XAdminUserNotFound"),
        (answer(403, "403"), ExitCode.STORE_DENIED, Reason.STORE_DENIED, "403"),
        (answer(403, "InvalidAccessKeyId"), ExitCode.STORE_DENIED, Reason.STORE_DENIED, "InvalidAccessKeyId"),
        (answer(403, "SignatureDoesNotMatch"), ExitCode.STORE_DENIED, Reason.STORE_DENIED, "SignatureDoesNotMatch"),
        (wrapped(answer(403, "AccessDenied")), ExitCode.STORE_DENIED, Reason.STORE_DENIED, "AccessDenied"),
        (answer(507, "InsufficientStorage"), ExitCode.STORE_DENIED, Reason.STORE_FULL, "no room"),
        (answer(403, "QuotaExceeded"), ExitCode.STORE_DENIED, Reason.STORE_FULL, "no room"),
        (OSError(errno.ENOSPC, "full"), ExitCode.STORE_DENIED, Reason.STORE_FULL, "disk is full"),
        (answer(501, "NotImplemented"), ExitCode.INVALID, Reason.INVALID_CONFIG, "If-None-Match"),
        (answer(301, "PermanentRedirect"), ExitCode.INVALID, Reason.INVALID_CONFIG, "PermanentRedirect"),
        (NoCredentialsError(), ExitCode.INVALID, Reason.CREDENTIALS_INCOMPLETE, "no credentials"),
        (ParamValidationError(report="bad bucket"), ExitCode.INVALID, Reason.INVALID_CONFIG, "bad bucket"),
    ],
    ids=lambda value: repr(value) if isinstance(value, Exception) else "",
)
def test_an_error_that_stays_says_what_it_is(error: Exception, exit_code: ExitCode, reason: Reason, told: str) -> None:
    assert not is_transient(error)
    failure = translate(error, URI, ENDPOINT)
    assert (failure.exit_code, failure.reason) == (exit_code, reason)
    assert told in failure.message
    assert "s3://models" in failure.message or ENDPOINT in failure.message
    assert failure.remedy


@pytest.mark.parametrize(("status", "code"), [(404, "NoSuchKey"), (404, "404"), (404, "NotFound")])
def test_a_missing_object_is_told_from_a_missing_bucket(status: int, code: str) -> None:
    assert is_missing_object(answer(status, code))
    assert not is_missing_object(answer(404, "NoSuchBucket"))


def test_an_error_of_this_machine_is_not_blamed_on_the_store() -> None:
    with pytest.raises(FileNotFoundError):
        translate(FileNotFoundError("/scratch/adapter"), URI, ENDPOINT)
