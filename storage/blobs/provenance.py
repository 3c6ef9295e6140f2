"""Who and when, for everything that keeps a history."""

from __future__ import annotations

import getpass
import os
import socket
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path


def now() -> str:
    """Return the present in ISO 8601, UTC, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def seconds_since(when: str) -> float:
    """Return the seconds since a time that `now` returned; raises ValueError or TypeError for any other text."""
    return (datetime.now(UTC) - datetime.fromisoformat(when)).total_seconds()


def who() -> str:
    """Return "user@host"; the number of a user who has no name, as in some containers."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def where() -> str:
    """Return what tells this machine, since it started, and this container's processes from all others.

    Containers on one host may have its name and the same numbers of processes, and do not see each other's.
    """
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts += [Path("/proc/sys/kernel/random/boot_id").read_text().strip(), os.readlink("/proc/self/ns/pid")]
    return " ".join(parts)


def lives(process: int) -> bool:
    """Return whether there is a process of this number here, as `where` tells it, whoever owns it."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):  # no process has a number that C does not hold
        return False
    except PermissionError:  # somebody else's
        return True
    return True
