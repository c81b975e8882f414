"""The one exception of the trainer: a failure that knows its exit code, its reason, and what the user can do."""

from __future__ import annotations

from sft_trainer.contract import ExitCode, Reason


class TrainerFailure(Exception):
    """Ends a pod. `message` says what was found, where, and what it must be; `remedy` what to do next. Neither holds a secret."""

    def __init__(self, exit_code: ExitCode, reason: Reason, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.reason = reason
        self.message = message
        self.remedy = remedy


def invalid(reason: Reason, message: str, remedy: str = "") -> TrainerFailure:
    """A failure that no retry can help."""
    return TrainerFailure(ExitCode.INVALID, reason, message, remedy)


class Preempted(BaseException):
    """SIGTERM came. Not an Exception, so that nothing on the way up takes it for an error of its own."""
