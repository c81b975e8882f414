"""`python -m sft_trainer prepare|check-sources|plan|train [--config FILE]`: the entry point of both images."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from sft_trainer import pod
from sft_trainer.contract import CONFIG_PATH, ExitCode, PlanConfig, PrepareConfig, Reason, SourceCheckConfig, TerminationMessage
from sft_trainer.failure import Preempted, TrainerFailure, invalid
from sft_trainer.termination import pod_uid


def prepare(config: PrepareConfig) -> TerminationMessage:
    """Publishes a dataset version."""
    from sft_trainer.data.gates import DatasetRejected
    from sft_trainer.data.prepare import prepare as run

    try:
        result = run(config, pod.scratch_folder())
    except DatasetRejected as rejected:
        message = pod.failed(rejected.failure, config.attempt)
        found = {"accounting": rejected.ledger.accounting(), "rejects": rejected.ledger.first}
        return message.model_copy(update={**found, "report_uri": rejected.report_uri})
    text = f"published {result.train_rows + result.eval_rows} rows as version {result.digest[:12]}"
    return _done(config.attempt, text).model_copy(update={"prepare": result})


def check_sources(config: SourceCheckConfig) -> TerminationMessage:
    """Compares the sources with what a version was made from."""
    from sft_trainer.data.drift import drift_of, in_words

    found = drift_of(config)
    return _done(config.attempt, in_words(found)).model_copy(update={"drift": found.counts})


def plan(config: PlanConfig) -> TerminationMessage:
    """Measures model and data."""
    from sft_trainer.plan.plan import plan as run

    result = run(config, pod.scratch_folder())
    return _done(config.attempt, "the run can work").model_copy(update={"plan": result})


def _done(attempt: int, text: str) -> TerminationMessage:
    return TerminationMessage(pod_uid=pod_uid(), attempt=attempt, exit_code=ExitCode.DONE, reason=Reason.COMPLETED, message=text)


def run_command(command: str, path: Path) -> int:
    """Runs everything but train; returns the exit code."""
    try:
        config = pod.load_config(path)
    except TrainerFailure as failure:
        return pod.finish(pod.failed(failure, attempt=0), None)
    except Preempted:
        return pod.finish(pod.preempted(attempt=0), None)
    match command, config:
        case "prepare", PrepareConfig():
            pod.stop_at_sigterm(config.attempt, config.run)
            return pod.finish(pod.run_to_the_end(lambda: prepare(config), config.attempt), config.run)
        case "check-sources", SourceCheckConfig():
            # Nothing is lost with it: whoever wants to know looks again.
            return pod.finish(pod.run_to_the_end(lambda: check_sources(config), config.attempt), None)
        case "plan", PlanConfig():
            pod.stop_at_sigterm(config.attempt, config.output)
            return pod.finish(pod.run_to_the_end(lambda: plan(config), config.attempt), config.output)
        case _:
            wrong = invalid(Reason.INVALID_CONFIG, f"the config is a {config.kind}, the command is {command}", "report this")
            return pod.finish(pod.failed(wrong, config.attempt), None)


def main() -> int:
    """Returns the exit code of the contract."""
    # First of all: PID 1 ignores SIGTERM until it has a handler, and imports take seconds.
    signal.signal(signal.SIGTERM, pod.raise_preempted)
    parser = argparse.ArgumentParser(prog="python -m sft_trainer", description=__doc__)
    parser.add_argument("command", choices=("prepare", "check-sources", "plan", "train"))
    parser.add_argument("--config", type=Path, default=Path(CONFIG_PATH))
    options = parser.parse_args()
    if options.command == "train":
        from sft_trainer.train.launcher import launch

        return launch(options.config)
    return run_command(options.command, options.config)


if __name__ == "__main__":
    sys.exit(main())
