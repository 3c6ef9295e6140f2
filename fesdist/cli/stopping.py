"""Whoever stops a command, it stops as by Ctrl-C: what was begun is put in order, what was finished stays."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGHUP)
"""Of service managers and schedulers, and of a terminal that was closed."""


class Stopped(KeyboardInterrupt):
    """A signal that was not Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


@contextmanager
def stopped_as_by_ctrl_c() -> Iterator[None]:
    """Raise `Stopped` where these signals would end the process at once; one that is ignored stays so (nohup).

    Only a program's main thread may ask for that: elsewhere nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler is signal.SIG_DFL:
            signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is signal.SIG_DFL:
                signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)
