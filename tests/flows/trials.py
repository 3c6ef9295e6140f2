"""`python -m tests.flows.trials [NAME ...]`: what happens when Prefect's processes die, as measured in a table."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
from prefect.client.schemas.schedules import CronSchedule

from storage.datasets.store import WeightStore
from tests.conftest import REPOSITORY
from tests.flows.busy import postgresql_writer, sqlite_writer, writing
from tests.flows.site import FINAL, Site, wait_for, write_random_stack

LARGE = {"stack": "large.zarr", "window": 9, "ridge": 0.4, "memory": "440MiB", "workers": 0}
"""A training of minutes in many tiles."""
SMALL = {"stack": "small.zarr", "window": 3, "workers": 0}
"""A training of a moment, so that what takes time is Prefect."""

SECONDS_OF_A_RATE = 10.0
DATABASE = "PREFECT_API_DATABASE_CONNECTION_URL"
"""Names a PostgreSQL database to try in place of SQLite, empty at first."""


class Watch:
    """Measures seconds from its making on."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __str__(self) -> str:
        return f"{time.monotonic() - self._start:.0f} s"


def tiles(site: Site, name: str) -> int:
    """Return how many tiles of the run of a model are stored."""
    return sum(draft.n_receipts for draft in WeightStore(str(site.folder / "weights")).drafts(name))


def train_large(site: Site, name: str) -> str:
    """Start a long training, wait for its first tiles, and return the flow run."""
    run = site.start("train/nightly", name=name, **LARGE)
    wait_for(lambda: tiles(site, name) > 1, 120, "stored tile")
    return run


def processes_of(worker: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the worker's process and those of its runs, the runs first."""
    parent = psutil.Process(worker.pid)
    return [*parent.children(recursive=True), parent]


@contextmanager
def site_with(folder: Path, **settings: str) -> Iterator[tuple[Site, ExitStack]]:
    """Yield a site with stacks, and what ends the processes that are put into it."""
    folder.mkdir(parents=True)
    site = Site(folder, **settings)
    write_random_stack(folder / "large.zarr", side=768, people=4)
    write_random_stack(folder / "small.zarr", side=32, people=6)
    with ExitStack() as processes:
        yield site, processes


def server_away(folder: Path, seconds: float, how: signal.Signals) -> str:
    """End the server in the middle of a training, and start it again after `seconds`."""
    with site_with(folder) as (site, processes):
        with site.serving() as server:
            prepare(site)
            processes.enter_context(site.working())
            run = train_large(site, "away")
            os.killpg(server.pid, how)
            server.wait()
            before = tiles(site, "away")
            time.sleep(SECONDS_OF_A_RATE)
            rate = (tiles(site, "away") - before) / SECONDS_OF_A_RATE
            time.sleep(seconds - SECONDS_OF_A_RATE)
        with site.serving():
            back, at_once = Watch(), site.state(run)
            wait_for(lambda: site.state(run) in ("Completed", "Failed", "Cancelled"), 600, "end of the run")
            progress = wait_for(lambda: site.artifacts(run).get("train-progress"), 60, "progress")
            version = [manifest.version for manifest in WeightStore(str(folder / "weights")).versions("away")]
            return (
                f"{rate:.1f} tiles/s while it is away ({seconds:.0f} s); {at_once} when it is back, {site.state(run)} "
                f"{back} later; versions {version}, progress {progress:.0f} %"
            )


def worker_killed(folder: Path) -> str:
    """SIGKILL the worker in the middle of a training, but not the training."""
    with site_with(folder) as (site, _), site.serving():
        prepare(site)
        with site.working() as worker:
            run = train_large(site, "orphan")
            worker.kill()
            worker.wait()
            before, killed = tiles(site, "orphan"), Watch()
            time.sleep(10)
            went_on = tiles(site, "orphan") - before
            with site.working():
                wait_for(lambda: site.state(run) in FINAL, 600, "end of the run")
                return f"{went_on} tiles in the 10 s after; {site.state(run)} after {killed}"


def machine_crashed(folder: Path) -> str:
    """SIGKILL everything in the middle of a training, start server and worker again, and run it again."""
    with site_with(folder) as (site, _):
        with site.serving() as server:
            prepare(site)
            with site.working() as worker:
                run = train_large(site, "crash")
                # The automation hears of a run by its first heartbeat.
                time.sleep(5)
                os.killpg(server.pid, signal.SIGKILL)
                for process in processes_of(worker):
                    process.kill()
        before = tiles(site, "crash")
        with site.serving(), site.working():
            crashed, second = Watch(), site.start("train/nightly", name="crash", **LARGE)
            wait_for(lambda: site.state(second) == "Running", 600, "second run")
            began = str(crashed)
            wait_for(lambda: site.state(run) != "Running", 600, "end of the run that is gone")
            closed = f"{site.state(run)} {crashed} after the restart"
            wait_for(lambda: site.state(second) in FINAL, 600, "end of the second run")
            return f"{closed}; the next run began after {began}, had {before} tiles to begin with, {site.state(second)}"


def cancelled(folder: Path) -> str:
    """Cancel a training, and run it again."""
    with site_with(folder) as (site, _), site.serving():
        prepare(site)
        with site.working():
            run, watch = train_large(site, "cancel"), Watch()
            site.prefect("flow-run", "cancel", run)
            wait_for(lambda: site.state(run) in FINAL, 120, "end of the run")
            ended, kept = f"{site.state(run)} after {watch}", tiles(site, "cancel")
            again = site.start("train/nightly", name="cancel", **LARGE)
            wait_for(lambda: site.state(again) in FINAL, 600, "end of the second run")
            return f"{ended}, {kept} tiles stay; run again: {site.state(again)}"


def late(folder: Path) -> str:
    """Let runs be due while no worker is there."""
    with site_with(folder) as (site, _), site.serving():
        prepare(site)
        watch = Watch()
        runs = [site.start("train/nightly", name=f"late-{run}", **SMALL) for run in range(3)]
        wait_for(lambda: set(site.states(runs)) == {"Late"}, 120, "late run")
        marked = str(watch)
        with site.working():
            watch = Watch()
            wait_for(lambda: site.ended(runs), 300, "end of the late runs")
        return f"Late after {marked}; 3 of 3 {counts(site, runs)} {watch} after a worker is there"


def crowd(folder: Path, many: int = 50) -> str:
    """Schedule many deployments, and run all of them at once."""
    with site_with(folder) as (site, _), site.serving():
        prepare(site)
        nightly = site.client.read_deployment_by_name("train/nightly")
        watch = Watch()
        names = [f"nightly-{number:02}" for number in range(many)]
        for name in names:
            site.client.create_deployment(
                nightly.flow_id,
                name,
                schedules=[{"schedule": CronSchedule(cron="0 3 * * *", timezone="UTC"), "active": True}],
                parameters={**nightly.parameters, **SMALL, "name": name},
                entrypoint=nightly.entrypoint,
                pull_steps=nightly.pull_steps,
                work_pool_name=nightly.work_pool_name,
                work_queue_name=nightly.work_queue_name,
                job_variables=nightly.job_variables,
            )
        due = {
            "deployments": {"name": {"like_": "nightly-"}},
            "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        }
        wait_for(
            lambda: len({run["deployment_id"] for run in site.ask("flow_runs/filter", limit=200, **due)}) == many,
            300,
            "scheduled run of each",
        )
        scheduled, watch = str(watch), Watch()
        runs = [site.start(f"train/{name}") for name in names]
        with site.working():
            wait_for(lambda: site.ended(runs), 3600, "end of all runs")
        return (
            f"{many} scheduled {scheduled} after the first was made; all run at once: {counts(site, runs)} in {watch}"
        )


def busy(folder: Path, calls: int = 50) -> str:
    """Start runs while somebody else writes to the server's database five times a second."""
    with site_with(folder) as (site, _), site.serving():
        prepare(site)
        deployment = site.client.read_deployment_by_name("train/nightly").id
        database = site.environment.get(DATABASE, "")
        write = postgresql_writer(database) if database else sqlite_writer(folder / "prefect" / "prefect.db")
        with writing(write):
            path = f"{site.url}/deployments/{deployment}/create_flow_run"
            watch, plain = Watch(), Counter(httpx.post(path, json={}, timeout=60).status_code for _ in range(calls))
            once, watch = str(watch), Watch()
            runs = {site.start("train/nightly") for _ in range(calls)}
            again = str(watch)
        return (
            f"{'PostgreSQL' if database else 'SQLite'}: {plain[503]} of {calls} calls in {once} are answered 503; "
            f"asked again, {len(runs)} of {calls} runs are made in {again}"
        )


def counts(site: Site, runs: list[str]) -> str:
    """Return the last states of runs, such as "50 Completed"."""
    return ", ".join(f"{number} {state}" for state, number in Counter(site.states(runs)).items())


def prepare(site: Site) -> None:
    """Deploy, and create the automations."""
    site.deploy()
    site.prefect("automation", "create", "--from-file", REPOSITORY / "deploy" / "automations.yaml")


TRIALS: dict[str, Callable[[Path], Any]] = {
    "server-restarted": lambda folder: server_away(folder, 20, signal.SIGTERM),
    "server-away": lambda folder: server_away(folder, 150, signal.SIGKILL),
    "worker-killed": worker_killed,
    "machine-crashed": machine_crashed,
    "cancelled": cancelled,
    "late": late,
    "busy": busy,
    "crowd": crowd,
}


def main() -> None:
    """Run the trials that are named, or all, and print a row for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.flows.trials", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(TRIALS)}; all if none is named")
    names = parser.parse_args().names or list(TRIALS)
    # Stopped from outside it must not leave servers behind, either.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    folder = Path(tempfile.mkdtemp(prefix="trials-"))
    print("| trial | what happened |\n|---|---|", flush=True)
    for name in names:
        print(f"| {name} | {TRIALS[name](folder / name)} |", flush=True)
    shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
