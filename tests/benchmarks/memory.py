"""Memory of a run: large images within a budget, and a stack several times larger than the budget."""

from __future__ import annotations

import json
import shutil

from fesdist.registry import MaskedRegression
from tests.benchmarks.bench import Bench
from tests.benchmarks.in_memory import stored_work
from tests.benchmarks.programs import COMMAND, run_program
from tests.benchmarks.rows import Row, Spread, Target
from tests.benchmarks.stacks import write_stack

ABOVE_BUDGET = 1.2
"""Most that a worker may hold, in budgets."""


def memory(bench: Bench, *, size: int, side: int, n_samples: int, budget: int) -> Row:
    """Train with `fesdist train --memory` on two local workers and watch them from outside."""
    stack, store = bench.folder / "memory.zarr", bench.folder / "memory-weights"
    stack_bytes = write_stack(stack, side=side, n_samples=n_samples)
    command = [
        COMMAND,
        "train",
        str(stack),
        str(store),
        "--name",
        "bench",
        "--model",
        "mr",
        "--window",
        str(size),
    ]
    command += [
        "--shape",
        "no",
        "--ridge",
        "0.4",
        "--colour",
        "shared",
        "--workers",
        "2",
        "--memory",
        f"{budget >> 20}MiB",
        "--json",
    ]
    finished = run_program(command)
    shutil.rmtree(stack)
    shutil.rmtree(store)
    told = int(json.loads(finished.output)["peak_bytes"])
    peak = max(told, finished.peak_bytes)
    model = MaskedRegression.with_window(size)
    kind, least = stored_work(model, n_samples, 3, side * side, stack_bytes).bound(bench.limits)
    return Row(
        name=f"memory, {size}x{size} RGB {side}, {n_samples} pairs",
        what=f"fesdist train on two workers with --memory {budget >> 20}MiB and a stack of "
        f"{stack_bytes / budget:.1f} times that; largest worker {finished.peak_bytes >> 20} MiB seen from outside, "
        f"{told >> 20} MiB as it says itself; bound: products and systems as matrix products on two cores, stack read "
        "and weights written at the rate of the disk",
        seconds=Spread.of([finished.seconds]),
        rate=f"{peak >> 20} MiB peak",
        bound=kind,
        of_bound=least / finished.seconds,
        target=Target(f"≤ {ABOVE_BUDGET:g} x {budget >> 20} MiB", peak / budget, ABOVE_BUDGET, at_least=False),
    )
