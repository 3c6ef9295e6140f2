"""Flow `watch`: expressions are put on photographs as they arrive in a folder."""

from __future__ import annotations

from prefect import flow, task

from fesdist.cli.watch import carry_out
from fesdist.ground.counting import counted
from fesdist.ground.notices import Notice
from fesdist.requests.signature import takes
from fesdist.requests.using import Watch
from flows.stage import STAGE, stage


@task(name="watch", **STAGE)
def watch_stage(request: Watch) -> int:
    """Watch as a stage, and return how many photographs were done."""
    done = failed = 0
    told: tuple[Notice, ...] = ()
    with stage("watch", "photographs") as running:
        for summary in carry_out(request):
            done, failed = done + summary.done, failed + summary.failed.n
            if summary.notices != told:
                running.notice(told := summary.notices, request.photographs)
            running.progress(done, done, f"{failed} failed" if failed else "")
        running.outcome = f"{counted(done, 'photograph')} done, {failed} failed; nothing came for {request.idle} s"
    return done


@flow(name="watch")
@takes(Watch)
def watch(request: Watch) -> int:
    """Put expressions on what arrives in `photographs`, until nothing came for `idle` seconds, or cancelled."""
    return watch_stage(request)
