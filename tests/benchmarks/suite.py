"""Which subjects are measured, at which sizes: the promises of docs/performance.md, or a smaller set of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from fesdist.cli.console import say, warn
from fesdist.families.windowed.sums import BLOCK
from tests.benchmarks.bench import Bench
from tests.benchmarks.bucket import bucket
from tests.benchmarks.compilation import compilation
from tests.benchmarks.flows import flows
from tests.benchmarks.from_disk import from_disk
from tests.benchmarks.greedy import lsrf_against_loop, lsrf_cost_of_a_pixel, omp_against_loop
from tests.benchmarks.history import append
from tests.benchmarks.kernels import cholesky, planes
from tests.benchmarks.lasso import lasso
from tests.benchmarks.limits import THREADS, measure_limits
from tests.benchmarks.machine import facts, in_words
from tests.benchmarks.memory import memory
from tests.benchmarks.pixel_kr import pixel_kr
from tests.benchmarks.pursuit import plain_pursuit
from tests.benchmarks.regression import BATCHED, LOOP, against, cost_of_a_pixel
from tests.benchmarks.ridge import ridge
from tests.benchmarks.rows import Row
from tests.benchmarks.simulation import EFFICIENCY, simulation
from tests.benchmarks.startup import first_model, help_text
from tests.benchmarks.synthesis import shaped_synthesis, synthesis
from tests.benchmarks.table import print_table
from tests.benchmarks.whole_job import whole_job
from tests.benchmarks.workers import scaling

Subject = Callable[[Bench], Row]

KERNELS: tuple[Subject, ...] = (
    compilation,
    partial(planes, size=3, side=BLOCK, n_samples=64),
    partial(planes, size=5, side=BLOCK, n_samples=64),
    partial(planes, size=7, side=BLOCK, n_samples=64),
    partial(cholesky, size=5, side=64),
    partial(cholesky, size=7, side=64),
)
MODELS: tuple[Subject, ...] = (
    partial(omp_against_loop, n_nonzero=5, side=64, n_samples=64, n_pixels=32),
    partial(plain_pursuit, n_nonzero=5, side=64, n_samples=64),
    partial(lsrf_against_loop, n_nonzero=5, side=16, n_samples=64, n_pixels=8),
    partial(pixel_kr, side=56, n_samples=1000, n_pixels=16),
    partial(lasso, side=56, n_samples=80, n_pixels=24),
    partial(ridge, side=56, n_samples=80),
)
SHAPES: tuple[Subject, ...] = (
    partial(flows, side=512, n_pairs=16),
    partial(shaped_synthesis, size=5, side=256, n_faces=64),
)
QUICK: tuple[Subject, ...] = (
    *KERNELS,
    partial(against, rival=LOOP, size=3, side=128, n_samples=200, channels=1),
    partial(against, rival=BATCHED, size=5, side=128, n_samples=80, channels=3),
    *MODELS,
    partial(synthesis, size=5, side=128, n_faces=512),
    *SHAPES,
    help_text,
)
FULL: tuple[Subject, ...] = (
    *KERNELS,
    partial(against, rival=LOOP, size=3, side=128, n_samples=200, channels=1),
    partial(against, rival=BATCHED, size=5, side=512, n_samples=80, channels=3),
    partial(cost_of_a_pixel, size=5, small=128, large=2048, n_samples=24),
    *MODELS,
    partial(lsrf_cost_of_a_pixel, n_nonzero=5, small=32, large=256, n_samples=64),
    partial(synthesis, size=5, side=128, n_faces=512),
    *SHAPES,
    partial(scaling, size=5, side=1024, n_samples=80),
    partial(from_disk, size=5, side=2048, n_samples=24, workers=2, most=2.5),
    partial(from_disk, size=5, side=2048, n_samples=24, workers=0, most=1.5),
    partial(whole_job, way="map_overlap", size=5, side=1024, n_samples=32, n_expressions=1),
    partial(whole_job, way="map_overlap", size=5, side=1024, n_samples=32, n_expressions=4),
    partial(whole_job, way="apply_ufunc", size=5, side=1024, n_samples=32, n_expressions=1),
    partial(bucket, size=5, side=1024, n_samples=32, workers=0),
    partial(bucket, size=5, side=1024, n_samples=32, workers=2),
    partial(simulation, n_workers=64, tile_side=256, tile_seconds=1.0, tiles_per_worker=20, goal=EFFICIENCY),
    partial(simulation, n_workers=256, tile_side=256, tile_seconds=2.0, tiles_per_worker=10, goal=None),
    partial(memory, size=5, side=2048, n_samples=24, budget=1 << 30),
    partial(memory, size=5, side=1024, n_samples=430, budget=512 << 20),
    help_text,
    partial(first_model, size=5, side=128, n_samples=80, compiling=True),
    partial(first_model, size=5, side=128, n_samples=80, compiling=False),
)


def run(folder: Path, json_path: Path | None, quick: bool, history: Path | None = None) -> None:
    """Measure everything, print the table, write it to `json_path`, and add the run to `history`; `folder` is for
    large files.
    """
    machine = facts(limits := measure_limits(folder))
    say(in_words(machine))
    rows: list[Row] = []
    try:
        with ThreadPoolExecutor(THREADS) as threads:
            for subject in QUICK if quick else FULL:
                rows.append(row := subject(Bench(limits, threads, folder, turns=3)))
                warn(f"  {row.name}: {row.seconds.median:.4g} s")
    finally:
        # Minutes of measurements are worth keeping when a later subject fails.
        say()
        print_table(rows)
        if json_path is not None:
            document = {"machine": machine, "rows": [row.to_json() for row in rows]}
            json_path.write_text(json.dumps(document, indent=2) + "\n")
        if history is not None and rows:
            append(history, machine, rows)
