"""A stop in the midst of a write, such as Ctrl-C: the write ends first; half of one is no use, and Zarr complains."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Of Ctrl-C, of service managers and schedulers, and of a terminal that was closed."""


@contextmanager
def interrupts_afterwards() -> Iterator[None]:
    """Have a signal to stop that arrives within the block heeded at its end, as it would have been before.

    Other threads than the main one get none.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    # A handler that was not set by Python cannot be set again.
    ours = [number for number in _SIGNALS if signal.getsignal(number) is not None]
    before = {number: signal.signal(number, lambda number, frame: arrived.append(number)) for number in ours}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if arrived:
            signal.raise_signal(arrived[0])
