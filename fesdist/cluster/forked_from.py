"""Imported by the process that workers are forked from: it outlives a killed client, and takes its folder with it."""

from __future__ import annotations

import atexit
import os
import shutil

VARIABLE = "FESDIST_FORKED_FROM"
"""Names the folder, which Python made for the socket of that process, and removes only where the client ends well."""


def _remove(folder: str, process: int) -> None:
    if os.getpid() == process:  # not a worker, which has inherited this
        shutil.rmtree(folder, ignore_errors=True)


if folder := os.environ.get(VARIABLE):
    atexit.register(_remove, folder, os.getpid())
