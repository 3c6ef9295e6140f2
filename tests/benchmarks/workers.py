"""A training run on one worker and on two: how much of the second one arrives."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from fesdist.cluster.connect import open_cluster
from fesdist.cluster.settings import Cluster, ClusterSettings
from fesdist.registry import MaskedRegression
from fesdist.training.job import TrainingRequest
from fesdist.training.run import TrainingResult, train
from tests.benchmarks.bench import Bench
from tests.benchmarks.in_memory import stored_work
from tests.benchmarks.rows import Row, Spread, Target
from tests.benchmarks.stacks import write_stack
from tests.benchmarks.timing import alternate, ratio

SPEED_UP = 1.7


def scaling(bench: Bench, *, size: int, side: int, n_samples: int) -> Row:
    """Train from disk to a published version on two workers; the peer is one worker."""
    model = MaskedRegression.with_window(size)
    stack, store = bench.folder / "scaling.zarr", bench.folder / "scaling-weights"
    stack_bytes = write_stack(stack, side=side, n_samples=n_samples)
    request = TrainingRequest(str(stack), str(store), "bench", model)
    memory = 1 << 30

    def run_on(cluster: Cluster) -> Callable[[], TrainingResult]:
        return partial(train, request, cluster, memory=memory)

    with ExitStack() as clusters:
        one, two = (
            run_on(clusters.enter_context(open_cluster(ClusterSettings(workers=n, memory=memory)))) for n in (1, 2)
        )
        for warm_up in (one, two):
            warm_up()
        one_seconds, two_seconds = alternate(bench.turns, one, two)
    shutil.rmtree(stack)
    shutil.rmtree(store)
    times = ratio(one_seconds, two_seconds)
    seconds = Spread.of(two_seconds)
    kind, least = stored_work(model, n_samples, 3, side * side, stack_bytes).bound(bench.limits)
    return Row(
        name=f"MR {size}x{size} RGB {side}, 2 workers",
        what=f"{n_samples} pairs, from a stack on disk to a published version, cluster already started; peer: one "
        "worker; bound: products and systems as matrix products on two cores, stack read and weights written at the "
        "rate of the disk",
        seconds=seconds,
        rate=f"{side * side / seconds.median / 1e6:.2f} Mpixel/s",
        bound=kind,
        of_bound=least / seconds.median,
        ratio=times,
        target=Target(f"{SPEED_UP} x one worker", times.median, SPEED_UP),
    )
