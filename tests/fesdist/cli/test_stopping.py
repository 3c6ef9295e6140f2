"""Signals of service managers and closed terminals stop a command as Ctrl-C does."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from asyncio import CancelledError
from contextlib import suppress
from importlib import import_module

import pytest

from fesdist.cli import main, versions
from fesdist.cli.stopping import SIGNALS, Stopped, stopped_as_by_ctrl_c


@pytest.mark.parametrize("number", SIGNALS)
def test_a_command_that_is_stopped_says_so_and_what_to_do(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(versions, "run", lambda request: os.kill(os.getpid(), number))
    # Whoever runs the tests may have had it ignored, as nohup does.
    default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    before = signal.signal(number, default)
    try:
        assert main.main(["versions", "weights"]) == 128 + number
        assert signal.getsignal(number) is default
    finally:
        signal.signal(number, before)
    assert capsys.readouterr().err == (
        "fesdist: interrupted; what was finished is stored, the same command continues\n"
    )


def test_ctrl_c_amid_the_first_imports_is_told_as_any_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "check_nothing_hidden", interrupted)
    assert main.main(["versions", "weights"]) == 130
    assert capsys.readouterr().err == "fesdist: interrupted; what was finished is stored, the same command continues\n"


def test_a_stop_amid_an_import_comes_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raised where Python has the lock of all imports, it left other threads without that lock and without an end."""
    found = []

    class Finder:
        @staticmethod
        def find_spec(name: str, path: object, target: object = None) -> None:
            if name == "nowhere_at_all":
                handler, frame = signal.getsignal(signal.SIGTERM), sys._getframe(1)
                assert callable(handler)
                found.append((frame.f_code.co_filename, handler(signal.SIGTERM, frame)))

    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])

    def wait_after_import() -> None:
        with suppress(ImportError):
            import_module("nowhere_at_all")
        time.sleep(20)

    with pytest.raises(Stopped), stopped_as_by_ctrl_c():
        wait_after_import()
    assert found == [("<frozen importlib._bootstrap>", None)]


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopped_as_by_ctrl_c():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_only_the_main_thread_takes_signals() -> None:
    found = []

    def look() -> None:
        with stopped_as_by_ctrl_c():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGTERM)]


def test_outside_of_main_a_stop_is_an_exception() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with pytest.raises(Stopped), stopped_as_by_ctrl_c():
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("error", [ValueError("half"), CancelledError()])
def test_what_a_library_makes_of_a_stop_is_a_stop(error: BaseException) -> None:
    def library() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise error from None

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(Stopped) as raised, stopped_as_by_ctrl_c():
            library()
        assert (raised.value.signal, raised.value.__cause__) == (signal.SIGINT, error)
        with pytest.raises(type(error)), stopped_as_by_ctrl_c():
            raise error
    finally:
        signal.signal(signal.SIGINT, before)
