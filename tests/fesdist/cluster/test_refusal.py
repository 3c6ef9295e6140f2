"""Whoever cannot reach a scheduler is told why: nobody there, or certificates, schemes and files that do not fit."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dask
import pytest
from distributed import Scheduler
from distributed.security import Security

from fesdist.cluster.connect import open_cluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.ground.errors import ClusterError

# Dask leaves sockets open whose handshake failed; they are collected here, lest the next test is blamed.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

OURS, OTHERS = Security.temporary(), Security.temporary()


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture(scope="module")
def addresses() -> Iterator[dict[str, str]]:
    """Run two schedulers without workers in a thread, one with TLS, and return HOST:PORT of each."""
    started, found = threading.Event(), dict[str, str]()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        loopback = {"host": "127.0.0.1", "port": 0, "dashboard_address": "127.0.0.1:0"}
        async with (
            Scheduler(protocol="tls://", security=OURS, **loopback) as encrypted,
            Scheduler(protocol="tcp://", **loopback) as plain,
        ):
            found.update(tls=encrypted.address.partition("://")[2], tcp=plain.address.partition("://")[2])
            started.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(60)
    yield found
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


@contextmanager
def configured(folder: Path, ca: Security | None, client: Security | None) -> Iterator[None]:
    """Have the certificates of some Security in files, and those in Dask's configuration."""
    settings: dict[str, str] = {}
    for setting, security, content in (
        ("ca-file", ca, "tls_ca_file"),
        ("client.cert", client, "tls_client_cert"),
        ("client.key", client, "tls_client_key"),
    ):
        if security is not None:
            (folder / setting).write_text(getattr(security, content))
            settings[f"distributed.comm.tls.{setting}"] = str(folder / setting)
    with dask.config.set(settings):
        yield


def refused(address: str, message: str) -> None:
    """Assert that opening the scheduler at an address fails with a message."""
    with pytest.raises(ClusterError, match=message), open_cluster(ClusterSettings(scheduler=address)):
        pass


def test_certificates_that_fit_get_through(addresses: dict[str, str], tmp_path: Path) -> None:
    with configured(tmp_path, OURS, OURS), pytest.MonkeyPatch.context() as patch:
        patch.setattr("fesdist.cluster.remote.GIVE_UP_SECONDS", 0.5)
        refused(f"tls://{addresses['tls']}", "has no workers, and none came in 0 s; start at least one")


@pytest.mark.parametrize(
    ("scheme", "to", "ca", "client", "message"),
    [
        ("tcp", "tls", None, None, "hangs up at once, as a scheduler with TLS does; give tls://127"),
        (
            "tls",
            "tls",
            None,
            None,
            r"tls:// needs certificates, .*\.ca-file, \.client\.cert and \.client\.key, or give tcp",
        ),
        (
            "tls",
            "tls",
            OTHERS,
            OTHERS,
            r"its certificate is none that distributed\.comm\.tls\.ca-file \(/.*\) vouches for",
        ),
        (
            "tls",
            "tls",
            OURS,
            OTHERS,
            r"it does not take distributed\.comm\.tls\.client\.cert \(/.*\); expected a certifi",
        ),
        ("tls", "tcp", OURS, OURS, "it answers without TLS; give tcp://127.0.0.1:.*, or start it with --protocol tls"),
    ],
    ids=["no tls", "none", "of another", "not accepted", "tls to tcp"],
)
def test_what_is_wrong_about_tls_is_said(
    addresses: dict[str, str], tmp_path: Path, scheme: str, to: str, ca: Security, client: Security, message: str
) -> None:
    with configured(tmp_path, ca, client):
        refused(f"{scheme}://{addresses[to]}", message)


def test_encryption_that_is_demanded(addresses: dict[str, str]) -> None:
    with dask.config.set({"distributed.comm.require-encryption": True}):
        refused(f"tcp://{addresses['tcp']}", r"configuration demands encryption .*; give tls://127")


@pytest.mark.parametrize("content", [None, "junk"], ids=["missing", "junk"])
def test_certificates_that_cannot_be_read_are_named(tmp_path: Path, content: str | None) -> None:
    with configured(tmp_path, OURS, OURS):
        if content is None:
            (tmp_path / "ca-file").unlink()
        else:
            (tmp_path / "ca-file").write_text(content)
        refused("tls://127.0.0.1:9", r"certificates of the configuration cannot be read .*/ca-file\), distributed")
