"""Seconds that numba needs once on a machine, before anything else is timed."""

from __future__ import annotations

import time

from fesdist.ground.tiles import Padding, TileGrid
from fesdist.registry import MaskedRegression
from tests.benchmarks.bench import Bench, random_pairs
from tests.benchmarks.in_memory import TARGET, tile_statistics
from tests.benchmarks.rows import Row, Spread


def compilation(bench: Bench) -> Row:
    """Fit and apply a tiny model; the first call in a process with an empty numba cache compiles every kernel."""
    model, pairs = MaskedRegression.with_window(3), random_pairs(4, 1, 32)

    def fit_and_apply() -> float:
        start = time.perf_counter()
        statistics = tile_statistics(model, pairs, TileGrid((32, 32), (32, 32))[0])
        arrays = model.solve(statistics)[TARGET]
        model.apply(model.prepare(arrays), pairs[0], Padding(1, 1, 1, 1))
        return time.perf_counter() - start

    first, again = fit_and_apply(), fit_and_apply()
    return Row(
        name="compilation of the kernels",
        what="first fit and use of a tiny model in this process, with an empty numba cache; all other rows exclude it; "
        "bound: the same again",
        seconds=Spread.of([first]),
        rate="",
        bound="arithmetic",
        of_bound=again / first,
    )
