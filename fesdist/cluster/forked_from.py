"""Imported first by the process that workers are forked from.

It outlives a killed client, and takes its folder with it. What it imports is no garbage, and is not looked through for
any: neither there nor in workers, which would get copies of the pages.
"""

from __future__ import annotations

import atexit
import gc
import os
import shutil

VARIABLE = "FESDIST_FORKED_FROM"
"""Names the folder, which Python made for the socket of that process, and removes only where the client ends well."""


def _remove(folder: str, process: int) -> None:
    if os.getpid() == process:  # not a worker, which has inherited this
        shutil.rmtree(folder, ignore_errors=True)


if folder := os.environ.get(VARIABLE):
    gc.disable()
    os.register_at_fork(before=gc.freeze, after_in_child=gc.enable)
    atexit.register(_remove, folder, os.getpid())
