"""A folder with its own Prefect server and worker on the loopback, as deploy/README.md sets them up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from storage.stack.reading import StackSpec
from storage.stack.writer import PendingSubject, StackWriter
from tests.conftest import REPOSITORY
from tests.fesdist.cluster.servers import free_port

SCRIPTS = Path(sys.executable).parent
FINAL = ("Completed", "Failed", "Crashed", "Cancelled")


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Return the first true value of `condition`, and fail if there is none in time.

    The longer it takes, the less often it looks, down to once in a second: to ask a server is work for what is waited
    for, too.
    """
    start = time.monotonic()
    while (waited := time.monotonic() - start) < seconds:
        if value := condition():
            return value
        time.sleep(min(max(0.1, waited / 10), 1.0))
    pytest.fail(f"after {seconds:.0f} s there is still no {what}")


@contextmanager
def process(*command: str | Path, log: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a process group of its own, and end the whole group whatever happens."""
    with log.open("ab") as output:
        started = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True, **options)
    try:
        yield started
    finally:
        for ending in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(started.pid, ending)
                started.wait(timeout=15)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


class PatientClient(SyncPrefectClient):
    """Prefect's client, which asks a server that is busy or just starting again after a moment, for three minutes.

    On SQLite the server refuses (503) to start a run whenever anything is written in between, so what helps is asking
    often. Prefect's own client asks six times in a minute.
    """

    def request(self, *arguments: Any, **options: Any) -> httpx.Response:
        """Return the answer to a request that may be repeated."""
        end = time.monotonic() + 180  # an answer that does not come is waited for for a minute
        while True:
            try:
                with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
                    return super().request(*arguments, **options)
            except httpx.TransportError:
                if time.monotonic() > end:
                    raise
            except httpx.HTTPStatusError as error:
                if error.response.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > end:
                    raise
            time.sleep(0.1)


class Site:
    """A folder, the address of its server, and the settings with which everything there runs."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.environment = {
            **os.environ,
            "PREFECT_API_URL": self.url,
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "DO_NOT_TRACK": "1",
            **settings,
        }

    @contextmanager
    def serving(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run the server meanwhile; what an earlier one stored is there."""
        command = (SCRIPTS / "prefect", "server", "start", "--no-ui", "--host", "127.0.0.1", "--port", str(self.port))
        with process(*command, log=self.folder / "server.log", cwd=self.folder, env=self.environment) as server:
            wait_for(lambda: self.answers() or server.poll() is not None, 120, "answer of the server")
            assert server.poll() is None, (self.folder / "server.log").read_text()
            try:
                yield server
            finally:
                if "client" in self.__dict__:
                    # Its connections end here; whoever asks a later server gets a new one.
                    self.client._client.close()
                    del self.client

    @contextmanager
    def working(self, limit: int = 2) -> Iterator[subprocess.Popen[bytes]]:
        """Run a worker of the pool meanwhile, which does up to `limit` runs at once."""
        command = (SCRIPTS / "prefect", "worker", "start", "--pool", "fesdist", "--limit", str(limit))
        with process(*command, log=self.folder / "worker.log", cwd=self.folder, env=self.environment) as worker:
            yield worker

    def deploy(self) -> None:
        """Create the work pool and the deployments of deploy/prefect.yaml."""
        self.prefect("work-pool", "create", "fesdist", "--type", "process")
        self.prefect("--no-prompt", "deploy", "--all", "--prefect-file", REPOSITORY / "deploy" / "prefect.yaml")

    def prefect(self, *words: str | Path) -> str:
        """Run a `prefect` command in the folder and return what it printed."""
        command = (SCRIPTS / "prefect", *words)
        run = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert run.returncode == 0, f"prefect {' '.join(map(str, words))}:\n{run.stdout}\n{run.stderr}"
        return run.stdout

    def answers(self) -> bool:
        """Return whether the server says that it is well."""
        try:
            return httpx.get(f"{self.url}/health", timeout=5).is_success
        except httpx.TransportError:
            return False

    @cached_property
    def client(self) -> PatientClient:
        """What asks the server."""
        return PatientClient(self.url)

    def ask(self, path: str, **body: Any) -> Any:
        """Post to the server's API and return the answer."""
        return self.client.request("POST", f"/{path}", json=body).json()  # type: ignore[arg-type]

    def start(self, deployment: str, **parameters: Any) -> str:
        """Start a deployment and return the id of its flow run; asked twice, it is one run, as the key is the same."""
        found = self.client.read_deployment_by_name(deployment)
        run = self.client.create_flow_run_from_deployment(found.id, parameters=parameters, idempotency_key=str(uuid4()))
        return str(run.id)

    def state(self, flow_run: str) -> str:
        """Return the name of the state of a flow run."""
        try:
            found = self.client.request("GET", f"/flow_runs/{flow_run}").json()  # type: ignore[arg-type]
        except ObjectNotFound:
            return "absent"
        return str(found["state"]["name"])

    def states(self, flow_runs: list[str]) -> list[str]:
        """Return the names of the states of up to 200 flow runs, from one question, in no certain order."""
        asked = {"id": {"any_": flow_runs}}
        return [str(found["state"]["name"]) for found in self.ask("flow_runs/filter", limit=200, flow_runs=asked)]

    def ended(self, flow_runs: list[str]) -> bool:
        """Return whether all of the runs are over."""
        return all(state in FINAL for state in self.states(flow_runs))

    def end(self, flow_run: str, seconds: float = 90) -> str:
        """Wait for the end of a flow run and return its last state, with its logs for the case it is unexpected."""
        wait_for(lambda: self.state(flow_run) in FINAL, seconds, f"end of the flow run, but {self.state(flow_run)}")
        state = self.state(flow_run)
        print(*self.logs(flow_run), sep="\n")
        return state

    def logs(self, flow_run: str) -> list[str]:
        """Return what a flow run logged."""
        found = self.ask("logs/filter", logs={"flow_run_id": {"any_": [flow_run]}})
        return [str(entry["message"]) for entry in found]

    def artifacts(self, flow_run: str) -> dict[str, Any]:
        """Return the data of the artifacts of a flow run, by key."""
        found = self.ask("artifacts/filter", artifacts={"flow_run_id": {"any_": [flow_run]}})
        return {artifact["key"]: artifact["data"] for artifact in found}


def write_random_stack(path: Path, side: int, people: int, seed: int = 0) -> None:
    """Write a stack of random images with one target expression, whose every pixel is the input's mirrored value."""
    noise = np.random.default_rng(seed)
    subjects = []
    for person in range(people):
        neutral = noise.integers(0, 256, (3, side, side), np.uint8)
        subjects.append(PendingSubject(f"{person:03}", {"neutral": neutral, "inverted": 255 - neutral}))
    with StackWriter.create(path, StackSpec(side, side, 3, "uint8", "none")) as writer:
        writer.append(subjects)
        writer.assign_holdout(fraction=0.25)
