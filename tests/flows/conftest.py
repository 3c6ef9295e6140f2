"""One Prefect server with a process worker and the project's deployments, for all tests that need them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_LOGGING_TO_API_ENABLED, temporary_settings

from tests.flows.site import Site


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, subprocess.Popen[bytes]]]:
    """Start a server on the loopback, and stop it at the end; yield its process, too."""
    here = Site(tmp_path_factory.mktemp("site"))
    with here.serving() as server:
        yield here, server


@pytest.fixture(scope="session")
def site(running: tuple[Site, subprocess.Popen[bytes]]) -> Iterator[Site]:
    """Deploy to the server, and start a worker."""
    here, _ = running
    here.deploy()
    with here.working():
        yield here


@pytest.fixture
def server(running: tuple[Site, subprocess.Popen[bytes]]) -> Iterator[Site]:
    """Let flows that the test's own process runs use the server of the site."""
    here, _ = running
    # Logs would still be sent when this process ends, after the server has.
    with temporary_settings({PREFECT_API_URL: here.url, PREFECT_LOGGING_TO_API_ENABLED: False}):
        yield here
