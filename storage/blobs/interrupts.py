"""Ctrl-C in the midst of a write: the write ends first, as half of one is no use, and Zarr complains of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_afterwards() -> Iterator[None]:
    """Have a Ctrl-C that arrives within the block heeded at its end; other threads than the main one get none."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: arrived.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if arrived:
            signal.raise_signal(signal.SIGINT)
