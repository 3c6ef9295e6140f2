"""dask-jobqueue for tests: as it is imported, it would take Ctrl-C and SIGTERM from the whole process."""

from __future__ import annotations

import signal

_BEFORE = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

from dask_jobqueue.slurm import SLURMJob  # noqa: E402

for _number, _handler in _BEFORE.items():
    signal.signal(_number, _handler)

__all__ = ["SLURMJob"]
