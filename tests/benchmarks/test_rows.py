"""Every row at toy size: it runs, its numbers make sense, and our results agree with the peer's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from math import isfinite
from pathlib import Path

import pytest

from tests.benchmarks import suite
from tests.benchmarks.bench import Bench
from tests.benchmarks.bucket import bucket
from tests.benchmarks.compilation import compilation
from tests.benchmarks.flows import flows
from tests.benchmarks.from_disk import from_disk
from tests.benchmarks.greedy import lsrf_against_loop, lsrf_cost_of_a_pixel, omp_against_loop
from tests.benchmarks.kernels import cholesky, planes
from tests.benchmarks.lasso import lasso
from tests.benchmarks.limits import Limits
from tests.benchmarks.memory import memory
from tests.benchmarks.pixel_kr import pixel_kr
from tests.benchmarks.pursuit import plain_pursuit
from tests.benchmarks.regression import BATCHED, LOOP, against, cost_of_a_pixel
from tests.benchmarks.ridge import ridge
from tests.benchmarks.rows import Row
from tests.benchmarks.simulation import simulation
from tests.benchmarks.startup import first_model, help_text
from tests.benchmarks.synthesis import shaped_synthesis, synthesis
from tests.benchmarks.whole_job import whole_job
from tests.benchmarks.workers import scaling

COMPARED: dict[str, tuple[suite.Subject, float]] = {
    "planes": (partial(planes, size=3, side=20, n_samples=5), 0.0),
    "planes, even size": (partial(planes, size=5, side=32, n_samples=70), 0.0),
    "cholesky": (partial(cholesky, size=3, side=20), 1e-10),
    "loop": (partial(against, rival=LOOP, size=3, side=70, n_samples=6, channels=1), 1e-10),
    "batched": (partial(against, rival=BATCHED, size=5, side=70, n_samples=6, channels=3), 1e-10),
    "OMP": (partial(omp_against_loop, n_nonzero=3, side=16, n_samples=12, n_pixels=6), 1e-9),
    "LSRF": (partial(lsrf_against_loop, n_nonzero=3, side=16, n_samples=12, n_pixels=6), 1e-9),
    "Pixel-KR": (partial(pixel_kr, side=16, n_samples=90, n_pixels=6), 1e-6),
    "synthesis": (partial(synthesis, size=3, side=24, n_faces=5), 1e-5),
    # OpenCV's positions are in 32nds of a pixel, ours in 64ths, and both round bytes.
    "shaped synthesis": (partial(shaped_synthesis, size=3, side=24, n_faces=5), 0.02),
}
ALONE: dict[str, suite.Subject] = {
    "compilation": compilation,
    "pixel": partial(cost_of_a_pixel, size=3, small=32, large=64, n_samples=4),
    "LSRF pixel": partial(lsrf_cost_of_a_pixel, n_nonzero=3, small=16, large=32, n_samples=6),
    "plain OMP": partial(plain_pursuit, n_nonzero=3, side=16, n_samples=12),
    "lasso": partial(lasso, side=16, n_samples=12, n_pixels=4),
    "ridge": partial(ridge, side=16, n_samples=12),
    "flows": partial(flows, side=32, n_pairs=2),
    "help": help_text,
}
SLOW: dict[str, tuple[suite.Subject, ...]] = {
    "bucket": (partial(bucket, size=3, side=80, n_samples=4, workers=0),),
    "from disk": (partial(from_disk, size=3, side=80, n_samples=4, workers=0, most=1.5),),
    "whole job": tuple(
        partial(whole_job, way=way, size=3, side=80, n_samples=4, n_expressions=2)
        for way in ("map_overlap", "apply_ufunc")
    ),
    "scaling": (partial(scaling, size=3, side=80, n_samples=4),),
    "simulation": (partial(simulation, n_workers=2, tile_side=32, tile_seconds=0.01, tiles_per_worker=8, goal=None),),
    "memory": (partial(memory, size=3, side=80, n_samples=4, budget=512 << 20),),
    # One after the other: the second finds what the first has compiled.
    "first model": tuple(
        partial(first_model, size=3, side=32, n_samples=4, compiling=compiling) for compiling in (True, False)
    ),
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ThreadPoolExecutor(2) as threads:
        yield Bench(Limits(1e11, 5e10, 1e10, 1e9), threads, tmp_path, turns=1)


def check(row: Row) -> None:
    assert row.seconds.low > 0
    assert isfinite(row.of_bound)
    assert row.of_bound > 0
    assert row.bound in ("arithmetic", "memory", "I/O", "sleep")
    assert json.loads(json.dumps(row.to_json(), allow_nan=False))["name"] == row.name


@pytest.mark.parametrize("name", COMPARED)
def test_results_agree_with_the_peer(name: str, bench: Bench) -> None:
    subject, tolerance = COMPARED[name]
    row = subject(bench)
    check(row)
    assert row.difference is not None
    assert row.difference <= tolerance


@pytest.mark.parametrize("name", ALONE)
def test_row_without_a_peer(name: str, bench: Bench) -> None:
    check(ALONE[name](bench))


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_rows_with_workers_leave_no_files(name: str, bench: Bench) -> None:
    for subject in SLOW[name]:
        row = subject(bench)
        check(row)
        assert row.difference is None or row.difference < 1e-10
    left = [path.name for path in bench.folder.iterdir() if path.suffix != ".lock"]
    assert left == []


def test_every_subject_is_in_a_test() -> None:
    def function_of(subject: suite.Subject) -> object:
        return subject.func if isinstance(subject, partial) else subject

    tested = [*(subject for subject, _ in COMPARED.values()), *ALONE.values(), *chain(*SLOW.values())]
    assert {function_of(subject) for subject in (*suite.FULL, *suite.QUICK)} == {function_of(s) for s in tested}
