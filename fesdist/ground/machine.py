"""What this process may use of the machine: cores and memory, less where a container or a batch system grants less."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""The environment of processes of which there is one a core: their matrix products must not take all cores each."""

_UNLIMITED = 1 << 60
"""What the first control groups say for memory without a limit is a little less than 2^63."""


def cores(root: Path = Path("/")) -> int:
    """Return the number of processes that can compute at the same time here, 1 at least.

    The cores on which this process may run, or fewer where the control groups of Linux grant less time than that; part
    of a core counts as one. `root` is where the system's files are.
    """
    # Only Linux has it.
    affinity = getattr(os, "sched_getaffinity", None)
    own = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min([own, *map(math.ceil, _quotas(root))]))


def memory(root: Path = Path("/")) -> int | None:
    """Return the bytes that all processes here may use together, by the machine and by control groups, if known."""
    limits = [value for value in _memory_limits(root) if value < _UNLIMITED]
    with suppress(ValueError, OSError, AttributeError):
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(limits, default=None)


def _quotas(root: Path) -> Iterator[float]:
    for group in _groups(root, ""):
        quota, _, period = _read(group / "cpu.max").partition(" ")
        if quota.isdecimal() and period.isdecimal():
            yield int(quota) / int(period)
    for group in _groups(root, "cpu"):
        quota, period = _read(group / "cpu.cfs_quota_us"), _read(group / "cpu.cfs_period_us")
        if quota.isdecimal() and period.isdecimal():  # -1 is none
            yield int(quota) / int(period)


def _memory_limits(root: Path) -> Iterator[int]:
    for group in _groups(root, ""):
        if (limit := _read(group / "memory.max")).isdecimal():
            yield int(limit)
    for group in _groups(root, "memory"):
        if (limit := _read(group / "memory.limit_in_bytes")).isdecimal():
            yield int(limit)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Yield the folders of the control groups that this process is in, from its own up to the first.

    "" is the one hierarchy of the second version. Inside a container the path may be that of the host, where its own
    group is what is mounted.
    """
    mounted = root / "sys/fs/cgroup" / controller
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            own = mounted / path.lstrip("/")
            yield from (own, *(parent for parent in own.parents if parent.is_relative_to(mounted)))


def _read(path: Path) -> str:
    """Return the text of a file of the system, "" where it is not there."""
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
