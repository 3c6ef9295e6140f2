"""What all stages of the flows have in common: retries, progress, and one line that says what came out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypedDict

from prefect import Task, get_run_logger
from prefect.client.schemas import State, TaskRun
from prefect.context import FlowRunContext

from fesdist.cli.console import outcome_line, say, warn
from fesdist.cli.notices import tell
from fesdist.ground.counting import counted
from fesdist.ground.errors import ClusterError, FesdistError, TileError
from fesdist.ground.notices import Notice
from fesdist.ground.share import Progress
from flows.artifacts import show_notices
from flows.progress import live_progress
from flows.telling import TELLER
from storage.errors import StorageError

SECONDS_BEFORE_RETRIES = [2.0, 20.0]
SECONDS_TO_SETTLE = 5.0
"""How long the end of a stage waits for a server that has not heard everything yet."""


def may_pass(error: object) -> bool:
    """Return whether it is worth trying again after an error.

    Our own errors describe settings, files or disks that will be the same in a minute, except for a cluster that does
    not answer or lost its workers.
    """
    if isinstance(error, TileError):
        return may_pass(error.__cause__)
    return isinstance(error, ClusterError) or not isinstance(error, FesdistError | StorageError)


def worth_retrying(task: Task[Any, Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Tell Prefect whether to retry the task run that failed with `state`."""
    return may_pass(state.data)


class _StageOptions(TypedDict):
    retries: int
    retry_delay_seconds: list[float]
    retry_condition_fn: Any


STAGE = _StageOptions(
    retries=len(SECONDS_BEFORE_RETRIES),
    retry_delay_seconds=SECONDS_BEFORE_RETRIES,
    retry_condition_fn=worth_retrying,
)
"""Options of `prefect.task` for every stage.

A flow calls its stages directly and never submits them, so that they run in the main thread: only there does
cancelling a flow run reach the loop over the Dask tasks, which stops them.
"""


@dataclass
class RunningStage:
    """A stage while it runs."""

    name: str
    progress: Progress
    outcome: str = ""
    """What came out, for people."""

    def notice(self, notices: Sequence[Notice], what: str) -> None:
        """Tell what was changed, left out or is in doubt of `what`: here, and as a table on the page of the run."""
        show_notices(self.name, notices, what)
        if _of_deployment():
            for notice in notices:
                get_run_logger().warning("\n".join(notice.lines()))
        else:
            tell(notices)


@contextmanager
def stage(name: str, unit: str) -> Iterator[RunningStage]:
    """Yield a stage whose progress is shown, and tell its seconds and outcome when it has ended well."""
    start, lost_before = time.perf_counter(), TELLER.lost
    with live_progress(name, unit) as report:
        running = RunningStage(name, report)
        yield running
    tell_outcome(name, time.perf_counter() - start, running.outcome)
    if untold := TELLER.settle(SECONDS_TO_SETTLE):
        warn(f"{name}: the Prefect server has not heard {counted(untold, 'thing')} yet ({TELLER.trouble or 'slow'})")
    if lost := TELLER.lost - lost_before:
        warn(f"{name}: {counted(lost, 'thing')} will not be on the pages of the Prefect server ({TELLER.why_lost})")


def tell_outcome(name: str, seconds: float, outcome: str) -> None:
    """Print the line of a stage, or log it where a deployment runs and the run's page is what people look at."""
    line = outcome_line(name, seconds, outcome)
    if _of_deployment():
        get_run_logger().info(line)
    else:
        say(line)


def _of_deployment() -> bool:
    # Prefect's `runtime.deployment.id` would ask the server.
    running = FlowRunContext.get()
    return running is not None and running.flow_run is not None and running.flow_run.deployment_id is not None
