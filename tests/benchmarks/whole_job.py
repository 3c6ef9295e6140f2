"""A whole training as a user runs it, start included, beside a program that a user would write with Dask alone."""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path

import numpy as np
import zarr

from fesdist.registry import MaskedRegression
from storage.datasets.store import WeightStore
from tests.benchmarks.bench import Bench
from tests.benchmarks.in_memory import stored_work
from tests.benchmarks.instead import WAYS
from tests.benchmarks.programs import COMMAND, run_program
from tests.benchmarks.rows import Row, Spread, Target
from tests.benchmarks.stacks import target_names, write_stack
from tests.benchmarks.timing import ratio

TIMES = {1: 10.0, 4: 25.0}
"""How many times faster we are to be, by the number of expressions."""


def whole_job(bench: Bench, *, way: str, size: int, side: int, n_samples: int, n_expressions: int) -> Row:
    """Run `fesdist train` on two workers; the peer is `WAYS[way]` on two workers."""
    model, names = MaskedRegression.with_window(size, ridge=10.0), target_names(n_expressions)
    folder = bench.folder / "whole-job"
    stack = folder / "stack.zarr"
    n_bytes = write_stack(stack, side=side, n_samples=n_samples, n_expressions=n_expressions)
    ours, theirs = [], []
    # Several expressions take the peer minutes, of which nobody needs three measurements.
    for turn in range(bench.turns if n_expressions == 1 else 1):
        # A folder each, as ext4 does not use deleted files' places at once, and looks long for others: weights were
        # written 40 % slower where those of the turn before had just gone.
        weights, peer = folder / f"weights-{turn}", folder / f"peer-{turn}.zarr"
        ours.append(run_program(_ours(stack, weights, model, size)).seconds)
        theirs.append(run_program(_peer(way, stack, peer, (size, model.ridge), names)).seconds)
    difference = max(map(partial(_difference, weights, peer), names))
    shutil.rmtree(folder)
    seconds, times, limit = Spread.of(ours), ratio(theirs, ours), TIMES.get(n_expressions, min(TIMES.values()))
    kind, least = stored_work(model, n_samples, 3, side * side, n_bytes).bound(bench.limits)
    counted = "one expression" if n_expressions == 1 else f"{n_expressions} expressions"
    return Row(
        name=f"MR {size}x{size} RGB {side}, {counted}, {way}",
        what=f"{n_samples} pairs, `fesdist train` from its start to its end, two workers, with refinement and errors; "
        f"peer: a program with dask's {way} and batched numpy, two workers, each expression for itself; bound: as of "
        "one expression of a training in memory, stack read and weights written",
        seconds=seconds,
        rate=f"{side * side * n_expressions / seconds.median / 1e6:.2f} Mpixel/s",
        bound=kind,
        of_bound=least / seconds.median,
        ratio=times,
        difference=difference,
        target=Target(f"{limit:g} x {way}", times.median, limit),
    )


def _ours(stack: Path, store: Path, model: MaskedRegression, size: int) -> tuple[str, ...]:
    said = ("--window", str(size), "--ridge", str(model.ridge), "--shape", "no", "--pool", "0", "--mirror", "no")
    return (COMMAND, "train", str(stack), str(store), "--name", "bench", "--workers", "2", "--json", *said)


def _peer(way: str, stack: Path, out: Path, fit: tuple[int, object], names: tuple[str, ...]) -> tuple[str, ...]:
    assert way in WAYS
    size, ridge = fit
    said = ("--size", str(size), "--ridge", str(ridge), "--expressions", *names)
    return (sys.executable, "-m", "tests.benchmarks.instead", way, str(stack), str(out), *said)


def _difference(ours: Path, peer: Path, expression: str) -> float:
    """Return how much our weights and the peer's differ at most."""
    version = WeightStore(str(ours)).open("bench")
    weights, bias = (version.read(expression, name, None)[0] for name in ("weights", "bias"))
    group = zarr.open_group(peer, mode="r")
    theirs = np.asarray(group[expression][...])  # type: ignore[index]
    return float(max(np.abs(theirs[:-1] - weights).max(), np.abs(theirs[-1] - bias).max()))
