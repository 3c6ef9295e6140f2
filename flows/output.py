"""A run outlives the worker that reads its output: where nobody reads, writing is no error."""

from __future__ import annotations

import os
import select
import threading

OUTPUTS = (1, 2)


def outlive_readers() -> None:
    """Have a thread put the null device in place of each of these file descriptors when its pipe has lost its reader.

    Without it the first line that Prefect logs after its worker was killed ends the process, work done or not.
    """
    threading.Thread(target=_replace_broken, name="outlive-readers", daemon=True).start()


def _replace_broken() -> None:
    # Nothing is asked for, so only errors wake: that the other end of a pipe is closed is one.
    broken = select.poll()
    for output in OUTPUTS:
        broken.register(output, 0)
    left = set(OUTPUTS)
    while left:
        for output, _ in broken.poll():
            broken.unregister(output)
            left.discard(output)
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, output)
            os.close(null)
