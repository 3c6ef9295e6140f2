"""Whoever stops a command, it stops as by Ctrl-C: what was begun is put in order, what was finished stays."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Of Ctrl-C, of service managers and schedulers, and of a terminal that was closed.

`storage.blobs.interrupts` has them as well: commands begin here before they know that nothing hides `storage`.
"""

_IMPORTS = "<frozen importlib"
"""How the names of Python's own code begin by which it imports."""
_AGAIN_SECONDS = 0.01
"""After which a signal that came amid that code is sent again."""

_DEFAULTS = (signal.SIG_DFL, signal.default_int_handler)


class Stopped(KeyboardInterrupt):
    """A signal that stops a command."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


@contextmanager
def stopped_as_by_ctrl_c(signals: Sequence[signal.Signals] = SIGNALS) -> Iterator[None]:
    """Raise `Stopped` where these signals come; one that is ignored stays so (nohup), as does one with a handler.

    Libraries in whose midst a command is stopped may make another error of it, which is raised as `Stopped`, too. Only
    a program's main thread may ask for signals: elsewhere nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code.co_filename.startswith(_IMPORTS):
            # Where Python has just taken the lock of all imports, it would never give it back to other threads.
            threading.Timer(_AGAIN_SECONDS, os.kill, (os.getpid(), number)).start()
            return
        came.append(number)
        raise Stopped(number)

    before = {number: signal.getsignal(number) for number in signals}
    ours = [number for number, handler in before.items() if handler in _DEFAULTS]
    for number in ours:
        signal.signal(number, stop)
    try:
        yield
    except BaseException as error:
        # Not what ends programs as it is; asyncio's CancelledError is no Exception either, and may have come of it.
        if came and not isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
            raise Stopped(came[0]) from error
        raise
    finally:
        for number in ours:
            signal.signal(number, before[number])
