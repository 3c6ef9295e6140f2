"""What a task has really used, beside what was projected."""

from __future__ import annotations

import resource
import sys


def peak_bytes() -> int:
    """Return the largest resident memory that this process ever had (peak-measured memory), in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
