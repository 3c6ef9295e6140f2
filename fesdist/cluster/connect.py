"""Opens the cluster that the settings ask for, and closes what it opened."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fesdist.cluster.in_process import InProcessCluster
from fesdist.cluster.settings import Cluster, ClusterSettings

LOGGER = logging.getLogger("fesdist.cluster")

__all__ = ["Cluster", "ClusterSettings", "open_cluster"]


@contextmanager
def open_cluster(
    settings: ClusterSettings, on_progress: Callable[[float, int, str], None] | None = None
) -> Iterator[Cluster]:
    """Yield a cluster: this process (`workers=0`), a local Dask cluster, or the workers of a running scheduler.

    `on_progress` is told what is waited for meanwhile, with nothing done of nobody knows how much.
    Raises ClusterError when the scheduler does not answer, has no workers, or its workers run another fesdist.
    """
    if settings.scheduler is None and settings.local_workers == 0:
        yield InProcessCluster()
        return
    if on_progress:
        on_progress(0, 0, settings.beginning)
    from fesdist.cluster.local import has_semaphores, started
    from fesdist.cluster.remote import connected

    if settings.scheduler is None and not has_semaphores():
        LOGGER.warning("no other process can be started here (is /dev/shm read-only?); this one computes alone")
        yield InProcessCluster()
        return
    _silence_dask()
    with (
        started(settings.local_workers, settings.memory)
        if settings.scheduler is None
        else connected(settings.scheduler, settings.memory)
    ) as cluster:
        yield cluster


def count_workers(settings: ClusterSettings) -> int:
    """Return how many tasks can run at the same time, without starting a local cluster; raises as `open_cluster`."""
    if settings.scheduler is None:
        return max(1, settings.local_workers)
    with open_cluster(settings) as cluster:
        return cluster.n_workers


def _silence_dask() -> None:
    """Keep the reports of Dask and its event loop from the terminal: what matters of them arrives as our errors."""
    for logger in ("distributed", "distributed.client", "tornado.application", "asyncio"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)
