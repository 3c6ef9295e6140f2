"""Work goes on while the Prefect server does not answer, and the server hears the latest when it is back."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import httpx
import pytest
from prefect import flow, runtime, task
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES

from flows.artifacts import show_table
from flows.stage import STAGE, stage
from flows.telling import Teller
from tests.flows.site import Site, wait_for


def failure(status: int) -> httpx.HTTPStatusError:
    """Return what a client raises for an answer with this status."""
    request = httpx.Request("POST", "http://127.0.0.1")
    return httpx.HTTPStatusError(str(status), request=request, response=httpx.Response(status, request=request))


def test_telling_returns_while_the_server_is_busy_and_only_the_latest_of_a_topic_waits() -> None:
    teller, busy, free, heard = Teller(), threading.Event(), threading.Event(), list[str]()
    teller.tell("busy", lambda: (busy.set(), free.wait(30)))
    assert busy.wait(30)
    for done in range(100):
        teller.tell("progress", lambda done=done: heard.append(f"{done} tiles"))
    teller.tell("table", lambda: heard.append("errors"))
    assert heard == []
    assert teller.settle(0.01) == 3
    free.set()
    assert teller.settle(30) == 0
    assert heard == ["99 tiles", "errors"]
    assert (teller.trouble, teller.lost) == ("", 0)


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), failure(503)])
def test_a_server_that_is_away_is_asked_again(error: Exception) -> None:
    teller, attempts = Teller(between_attempts=0.0), list[int]()

    def message() -> None:
        attempts.append(1)
        if len(attempts) < 3:
            raise error

    teller.tell("progress", message)
    assert teller.settle(30) == 0
    assert (len(attempts), teller.trouble, teller.lost) == (3, "", 0)


@pytest.mark.parametrize("error", [failure(404), ValueError("no such key")])
def test_what_is_refused_is_given_up_and_counted(error: Exception) -> None:
    teller, heard = Teller(), list[str]()

    def refused() -> None:
        raise error

    teller.tell("progress", refused)
    teller.tell("table", lambda: heard.append("errors"))
    assert teller.settle(30) == 0
    assert (heard, teller.lost) == (["errors"], 1)
    assert type(error).__name__ in teller.why_lost
    assert teller.trouble == ""


def test_a_server_that_stays_away_fills_no_memory() -> None:
    teller, busy, free, heard = Teller(most_topics=3), threading.Event(), threading.Event(), list[int]()
    teller.tell("busy", lambda: (busy.set(), free.wait(30)))
    assert busy.wait(30)
    for topic in range(5):
        teller.tell(topic, lambda topic=topic: heard.append(topic))
    free.set()
    assert teller.settle(30) == 0
    assert (heard, teller.lost, teller.why_lost) == ([2, 3, 4], 2, "too many waited")


def test_a_message_runs_in_the_context_of_who_told_it_and_asks_once() -> None:
    run, heard, teller = ContextVar[str]("run"), list[tuple[str, int]](), Teller()
    token = run.set("mine")
    teller.tell("table", lambda: heard.append((run.get(), PREFECT_CLIENT_MAX_RETRIES.value())))
    run.reset(token)
    assert teller.settle(30) == 0
    assert heard == [("mine", 0)]


@contextmanager
def stopped(process: int, longest: float = 30) -> Iterator[threading.Event]:
    """Stop a process group meanwhile; yield what is set if it had to be woken, as somebody seems to wait for it."""
    overslept = threading.Event()

    def wake() -> None:
        overslept.set()
        os.killpg(process, signal.SIGCONT)

    alarm = threading.Timer(longest, wake)
    os.killpg(process, signal.SIGSTOP)
    alarm.start()
    try:
        yield overslept
    finally:
        alarm.cancel()
        os.killpg(process, signal.SIGCONT)


@pytest.mark.slow
def test_tiles_go_on_while_the_server_hangs_and_it_hears_the_end_later(
    server: Site,
    running: tuple[Site, subprocess.Popen[bytes]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("flows.progress.SECONDS_BETWEEN_UPDATES", 0.0)
    monkeypatch.setattr("flows.stage.SECONDS_TO_SETTLE", 0.1)

    @task(**STAGE)
    def working() -> None:
        with stage("hanging", "tiles") as running:
            for done in range(200):
                running.progress(done + 1, 200, "")
            show_table("hanging-table", [{"tiles": 200}], "What was done")
            running.outcome = "all tiles"

    @flow
    def hanging() -> str:
        with stopped(running[1].pid) as overslept:
            working()
        assert not overslept.is_set()
        return str(runtime.flow_run.id)

    run = hanging()
    printed = capsys.readouterr()
    assert "all tiles" in printed.out
    assert "hanging: the Prefect server has not heard" in printed.err
    assert wait_for(lambda: server.artifacts(run).get("hanging-progress") == 100.0, 30, "end of the progress")
    assert wait_for(lambda: server.artifacts(run).get("hanging-table"), 30, "table") == '[{"tiles": 200}]'
