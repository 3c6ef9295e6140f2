"""Who and when, for everything that keeps a history."""

from __future__ import annotations

import getpass
import os
import socket
from datetime import UTC, datetime


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


def lives(process: int) -> bool:
    """Return whether there is a process of this number on this machine, whoever owns it."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):  # no process has a number that C does not hold
        return False
    except PermissionError:  # somebody else's
        return True
    return True
