"""The first result: how long the command line takes to answer, and to train a small model from a cold start."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.programs import COMMAND, run_program
from tests.benchmarks.rows import Row, Spread, Target
from tests.benchmarks.stacks import write_stack
from tests.benchmarks.timing import ratio

HELP_SECONDS = 0.5
CACHED_SECONDS = 10.0
COMPILING_SECONDS = 25.0

NOTHING = (sys.executable, "-c", "pass")
EMPTY_CLUSTER = (
    sys.executable,
    "-c",
    "if __name__ == '__main__':\n"
    "    import numba, zarr\n"
    "    from distributed import Client, LocalCluster\n"
    "    with LocalCluster(2, threads_per_worker=1, host='127.0.0.1', dashboard_address='127.0.0.1:0') as local:\n"
    "        Client(local).close()\n",
)


def help_text(bench: Bench) -> Row:
    """Run `fesdist --help`."""
    ours, python = [], []
    for _ in range(bench.turns):
        ours.append(run_program((COMMAND, "--help")).seconds)
        python.append(run_program(NOTHING).seconds)
    seconds = Spread.of(ours)
    return Row(
        name="fesdist --help",
        what="a new process each time; bound: start of a Python that does nothing",
        seconds=seconds,
        rate="",
        bound="I/O",
        of_bound=ratio(python, ours).median,
        target=Target(f"≤ {HELP_SECONDS:g} s", seconds.median, HELP_SECONDS, at_least=False),
    )


def first_model(bench: Bench, *, size: int, side: int, n_samples: int, compiling: bool) -> Row:
    """Run `fesdist train` with an empty numba cache, which is left to the next call, or with that, which is removed."""
    stack, cache = bench.folder / "first.zarr", bench.folder / "first-kernels"
    write_stack(stack, side=side, n_samples=n_samples)
    ours, idle = [], []
    if compiling:
        shutil.rmtree(cache, ignore_errors=True)
    elif not cache.exists():
        _train(bench, stack, cache, size)
    for _ in range(1 if compiling else bench.turns):
        idle.append(run_program(EMPTY_CLUSTER).seconds)
        ours.append(_train(bench, stack, cache, size))
    shutil.rmtree(stack)
    if not compiling:
        shutil.rmtree(cache)
    seconds, most = Spread.of(ours), COMPILING_SECONDS if compiling else CACHED_SECONDS
    return Row(
        name=f"first model, numba {'compiling' if compiling else 'cached'}",
        what=f"fesdist train, MR {size}x{size} RGB {side} x {side}, {n_samples} pairs, process and two local workers "
        "started for it; bound: importing numba, zarr and distributed, and starting a cluster of two without work",
        seconds=seconds,
        rate="",
        bound="I/O",
        of_bound=ratio(idle, ours).median,
        target=Target(f"≤ {most:g} s", seconds.median, most, at_least=False),
    )


def _train(bench: Bench, stack: Path, cache: Path, size: int) -> float:
    store = bench.folder / "first-weights"
    command = (
        COMMAND,
        "train",
        str(stack),
        str(store),
        "--name",
        "bench",
        "--window",
        str(size),
        "--workers",
        "2",
        "--json",
    )
    seconds = run_program(command, {"NUMBA_CACHE_DIR": str(cache)}).seconds
    shutil.rmtree(store)
    return seconds
