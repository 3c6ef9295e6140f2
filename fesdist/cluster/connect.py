"""Opens the cluster that the settings ask for, and closes what it opened."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from fesdist.cluster.in_process import InProcessCluster
from fesdist.cluster.keeping import memory_kept
from fesdist.cluster.settings import Cluster, ClusterSettings
from fesdist.ground import machine
from fesdist.ground.share import Progress

LOGGER = logging.getLogger("fesdist.cluster")


@contextmanager
def open_cluster(settings: ClusterSettings, on_progress: Progress | None = None) -> Iterator[Cluster]:
    """Yield a cluster: this process (`workers=0`), a local Dask cluster, or the workers of a running scheduler.

    `on_progress` is told what is waited for meanwhile, with nothing done of nobody knows how much.
    Raises ClusterError when the scheduler does not answer, has no workers, or its workers run another fesdist.
    """
    if settings.in_process:
        with _this_process() as cluster:
            yield cluster
        return
    if on_progress:
        on_progress(0, 0, settings.beginning)
    from fesdist.cluster.forking import has_semaphores
    from fesdist.cluster.local import started
    from fesdist.cluster.remote import connected

    _silence_dask()
    if settings.scheduler is not None:
        opened = connected(settings.scheduler, settings.memory)
    elif has_semaphores():
        opened = started(settings.local_workers, settings.memory, settings.imported)
    else:
        LOGGER.warning("no other process can be started here (is /dev/shm read-only?); this one computes alone")
        opened = _this_process()
    with opened as cluster:
        yield cluster


class Size(NamedTuple):
    """How much of a cluster there is."""

    n_workers: int
    threads: int
    """Of each worker; see `Cluster`."""


def size_of(settings: ClusterSettings) -> Size:
    """Return the size of the cluster that `open_cluster` would yield, not starting a local one; raises as that does."""
    if settings.scheduler is None and not settings.in_process:
        return Size(settings.local_workers, 1)
    with open_cluster(settings) as cluster:
        return Size(cluster.n_workers, cluster.threads)


@contextmanager
def _this_process() -> Iterator[Cluster]:
    """Yield this process with a thread for each core; what is freed meanwhile it keeps."""
    with memory_kept():
        yield InProcessCluster(machine.cores())


def _silence_dask() -> None:
    """Keep the reports of Dask and its event loop from the terminal: what matters of them arrives as our errors."""
    for logger in ("distributed", "distributed.client", "tornado.application", "asyncio"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)
