"""One Prefect server with a process worker and the project's deployments, for all tests that need them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_LOGGING_TO_API_ENABLED, temporary_settings

from storage.stack.reading import StackSpec
from storage.stack.writer import PendingSubject, StackWriter
from tests.conftest import REPOSITORY

SCRIPTS = Path(sys.executable).parent


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Return the first true value of `condition`, and fail if there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.2)
    pytest.fail(f"after {seconds:.0f} s there is still no {what}")


@contextmanager
def process(*command: str | Path, log: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a process group of its own, and end the whole group whatever happens."""
    with log.open("wb") as output:
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


@dataclass(frozen=True)
class Site:
    """A folder with its own Prefect server and worker, from which the deployments were made."""

    folder: Path
    url: str
    environment: Mapping[str, str]
    server: int
    """Its process."""

    def prefect(self, *words: str | Path) -> str:
        """Run a `prefect` command in the folder and return what it printed."""
        command = (SCRIPTS / "prefect", *words)
        run = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert run.returncode == 0, f"prefect {' '.join(map(str, words))}:\n{run.stdout}\n{run.stderr}"
        return run.stdout

    def ask(self, path: str, **body: Any) -> Any:
        """Post to the server's API and return the answer."""
        return httpx.post(f"{self.url}/{path}", json=body, timeout=30).raise_for_status().json()

    def start(self, deployment: str, **parameters: Any) -> str:
        """Start a deployment and return the id of its flow run."""
        found = httpx.get(f"{self.url}/deployments/name/{deployment}", timeout=30).raise_for_status().json()
        return str(self.ask(f"deployments/{found['id']}/create_flow_run", parameters=parameters)["id"])

    def state(self, flow_run: str) -> str:
        """Return the name of the state of a flow run."""
        found = httpx.get(f"{self.url}/flow_runs/{flow_run}", timeout=30).raise_for_status().json()
        return str(found["state"]["name"])

    def end(self, flow_run: str, seconds: float = 90) -> str:
        """Wait for the end of a flow run and return its last state, with its logs for the case it is unexpected."""
        finals = ("Completed", "Failed", "Crashed", "Cancelled")
        wait_for(lambda: self.state(flow_run) in finals, seconds, f"end of the flow run, but {self.state(flow_run)}")
        state = self.state(flow_run)
        logs = self.ask("logs/filter", logs={"flow_run_id": {"any_": [flow_run]}})
        print(*(entry["message"] for entry in logs), sep="\n")
        return state

    def artifacts(self, flow_run: str) -> dict[str, Any]:
        """Return the data of the artifacts of a flow run, by key."""
        found = self.ask("artifacts/filter", artifacts={"flow_run_id": {"any_": [flow_run]}})
        return {artifact["key"]: artifact["data"] for artifact in found}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Start a server and a worker on the loopback, deploy, and stop both at the end."""
    folder = tmp_path_factory.mktemp("site")
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    environment = {
        **os.environ,
        "PREFECT_API_URL": url,
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "DO_NOT_TRACK": "1",
    }
    prefect = SCRIPTS / "prefect"
    server = (prefect, "server", "start", "--no-ui", "--host", "127.0.0.1", "--port", str(port))
    worker = (prefect, "worker", "start", "--pool", "fesdist", "--limit", "2")
    with process(*server, log=folder / "server.log", cwd=folder, env=environment) as serving:
        here = Site(folder, url, environment, serving.pid)
        wait_for(lambda: answers(f"{url}/health"), 120, "answer of the server")
        here.prefect("work-pool", "create", "fesdist", "--type", "process")
        here.prefect("--no-prompt", "deploy", "--all", "--prefect-file", REPOSITORY / "deploy" / "prefect.yaml")
        with process(*worker, log=folder / "worker.log", cwd=folder, env=environment):
            yield here


@pytest.fixture
def server(site: Site) -> Iterator[Site]:
    """Let flows that the test's own process runs use the server of the site."""
    # Logs would still be sent when this process ends, after the server has.
    with temporary_settings({PREFECT_API_URL: site.url, PREFECT_LOGGING_TO_API_ENABLED: False}):
        yield site


def answers(url: str) -> bool:
    """Return whether a server says that it is well."""
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


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
