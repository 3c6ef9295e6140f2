"""What storage and tasks cost: a training from disk to disk, beside the same fit of arrays that are in memory."""

from __future__ import annotations

import shutil
from functools import partial

import numpy as np

from fesdist.cluster.connect import open_cluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.registry import MaskedRegression
from fesdist.training.job import TrainingRequest
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack
from tests.benchmarks.bench import Bench
from tests.benchmarks.in_memory import fit, stored_work
from tests.benchmarks.regression import TILE
from tests.benchmarks.rows import Row, Spread, Target
from tests.benchmarks.stacks import write_stack
from tests.benchmarks.timing import alternate, ratio


def from_disk(bench: Bench, *, size: int, side: int, n_samples: int, workers: int, most: float) -> Row:
    """Train from a stack to a published version; the peer fits the same pairs in memory, on two threads."""
    model, memory = MaskedRegression.with_window(size), 1 << 30
    folder = bench.folder / "from-disk"
    stack, store = folder / "stack.zarr", folder / "weights"
    stack_bytes = write_stack(stack, side=side, n_samples=n_samples)
    opened = TrainingStack.open(stack)
    inputs, targets = (
        opened.read(name, range(n_samples), slice(0, side), slice(0, side)) for name in ("neutral", "smiling")
    )
    request = TrainingRequest(str(stack), str(store), "bench", model)
    with open_cluster(ClusterSettings(workers=workers, memory=memory)) as cluster:
        ours = partial(train, request, cluster, memory=memory)
        peer = partial(fit, model, (inputs, targets), TILE, bench.threads)
        ours()
        ours_seconds, peer_seconds = alternate(bench.turns, ours, peer)
    version = WeightStore(str(store)).open("bench")
    difference = float(np.abs(version.read("smiling", "weights", None)[0] - peer()[:-1]).max())
    shutil.rmtree(folder)
    seconds, times = Spread.of(ours_seconds), ratio(ours_seconds, peer_seconds)
    kind, least = stored_work(model, n_samples, 3, side * side, stack_bytes).bound(bench.limits)
    where = f"{workers} workers" if workers else "this process"
    return Row(
        name=f"MR {size}x{size} RGB {side}, from disk, {where}",
        what=f"{n_samples} pairs, from a stack on disk to a published version, cluster already started, with errors of "
        "people left out and refinement; peer: the fit alone, of the same pairs in memory, on two threads; bound: as "
        "of the row with two workers",
        seconds=seconds,
        rate=f"{side * side / seconds.median / 1e6:.2f} Mpixel/s",
        bound=kind,
        of_bound=least / seconds.median,
        ratio=ratio(peer_seconds, ours_seconds),
        difference=difference,
        target=Target(f"at most {most:g} x in memory", times.median, most, at_least=False),
    )
