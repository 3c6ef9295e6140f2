"""A training run from a bucket into a bucket that answers late: how much of the waiting is hidden behind the work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from unittest import mock

from fesdist.cluster.connect import open_cluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.registry import MaskedRegression
from fesdist.training.job import TrainingRequest
from fesdist.training.run import train
from tests.benchmarks.bench import Bench
from tests.benchmarks.in_memory import stored_work
from tests.benchmarks.rows import Row, Spread, Target
from tests.benchmarks.stacks import write_stack
from tests.benchmarks.timing import alternate, ratio
from tests.objects.server import variables

DELAY_SECONDS = 0.02
MOST = 1.5


@contextmanager
def _late_server(bucket: str) -> Iterator[subprocess.Popen[str]]:
    """Yield a server that is a process of its own, so that it takes no turns from ours; its address is in the
    environment."""
    command = [sys.executable, "-m", "tests.objects.server", "--delay", str(DELAY_SECONDS), "--bucket", bucket]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        with mock.patch.dict(os.environ, variables(address)):
            yield server
        assert server.stdin is not None
        server.stdin.close()


def _requests(server: subprocess.Popen[str]) -> int:
    """Return how many requests the server has answered."""
    assert server.stdin is not None
    assert server.stdout is not None
    print("requests", file=server.stdin, flush=True)
    return int(server.stdout.readline().partition(" ")[0])


def bucket(bench: Bench, *, size: int, side: int, n_samples: int, workers: int) -> Row:
    """Train from a bucket into a bucket whose answers take 20 ms; the peer is the same on this machine's disk."""
    model, memory = MaskedRegression.with_window(size), 1 << 30
    folder = bench.folder / "bucket"
    with _late_server("bench") as server:
        stack_bytes = write_stack(folder / "stack.zarr", side=side, n_samples=n_samples)
        write_stack("s3://bench/stack.zarr", side=side, n_samples=n_samples)
        with open_cluster(ClusterSettings(workers=workers, memory=memory)) as cluster:

            def run(place: str) -> None:
                request = TrainingRequest(f"{place}/stack.zarr", f"{place}/weights", "bench", model)
                train(request, cluster, memory=memory)

            for place in (str(folder), "s3://bench"):
                run(place)
            before = _requests(server)
            late, local = alternate(bench.turns, partial(run, "s3://bench"), partial(run, str(folder)))
            n_requests = (_requests(server) - before) / len(late)
    shutil.rmtree(folder)
    seconds = Spread.of(late)
    times = Spread.of([one / other for one, other in zip(late, local, strict=True)])
    kind, least = stored_work(model, n_samples, 3, side * side, stack_bytes).bound(bench.limits)
    where = f"{workers} worker{'s' if workers > 1 else ''}" if workers else "this process"
    return Row(
        name=f"MR {size}x{size} RGB {side}, bucket, {where}",
        what=f"{n_samples} pairs, from a bucket into a bucket, {DELAY_SECONDS * 1000:.0f} ms before each of "
        f"{n_requests:.0f} answers, cluster already started; peer: from disk to disk; bound: as of the peer",
        seconds=seconds,
        rate=f"{side * side / seconds.median / 1e6:.2f} Mpixel/s",
        bound=kind,
        of_bound=least / seconds.median,
        ratio=ratio(local, late),
        target=Target(f"at most {MOST} x from disk", times.median, MOST, at_least=False),
    )
