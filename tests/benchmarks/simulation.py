"""How many workers one scheduler and one client can keep at work: tiles that sleep, everything else as it is."""

from __future__ import annotations

import shutil
import time
from contextlib import closing
from pathlib import Path

import msgspec
from distributed import Client

from fesdist.cluster.connect import open_cluster
from fesdist.cluster.in_process import InProcessCluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.passes.stage import results
from fesdist.registry import MaskedRegression
from fesdist.training.context import TaskAddress
from fesdist.training.drafting import open_draft
from fesdist.training.job import TrainingRequest, define_job
from fesdist.training.tile_stage import TileStage
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack
from tests.benchmarks.bench import Bench
from tests.benchmarks.rows import Row, Spread, Target
from tests.benchmarks.simulated import SleepingStage, process_spent, simulated_cluster, spent
from tests.benchmarks.stacks import write_stack

EFFICIENCY = 0.9
"""Least share of the workers' time that goes into tiles."""


def simulation(
    bench: Bench, *, n_workers: int, tile_side: int, tile_seconds: float, tiles_per_worker: int, goal: float | None
) -> Row:
    """Run tiles of `tile_seconds` on workers that are simulated; the receipts are those of a real tile."""
    stage = _real_tile(bench, tile_side, tile_seconds)
    n_tiles = n_workers * tiles_per_worker
    with (
        simulated_cluster(n_workers) as scheduler,
        closing(Client(scheduler, set_as_default=False)) as asking,
        open_cluster(ClusterSettings(scheduler=scheduler, memory=1 << 20)) as cluster,
    ):
        asking.wait_for_workers(n_workers)
        results(stage, range(2 * n_workers), cluster)  # everybody has imported, and is connected
        before, there, own = asking.run_on_scheduler(spent), _hosts_spent(asking), time.process_time()
        start = time.perf_counter()
        results(stage, range(n_tiles), cluster)
        seconds = time.perf_counter() - start
        own = time.process_time() - own
        after, there = asking.run_on_scheduler(spent), _hosts_spent(asking) - there
    Path(stage.receipt).unlink()
    used = after.since(before)
    ideal = sum(map(stage.lasting, range(n_tiles))) / n_workers
    scheduler_ms, client_ms, host_ms = (1000 * cpu / n_tiles for cpu in (used.cpu_seconds, own, there))
    kib = (used.sent + used.received) / n_tiles / 1024
    most = 1000 * tile_seconds / max(scheduler_ms, client_ms)
    return Row(
        name=f"{n_workers} simulated workers",
        what=f"{n_tiles} tiles that sleep about {tile_seconds:g} s, receipts as of a tile of {tile_side} x "
        f"{tile_side}, on a real scheduler; a tile costs it {scheduler_ms:.2f} ms and {kib:.1f} KiB, the client "
        f"{client_ms:.2f} ms and its worker {host_ms:.2f} ms: with a core each, scheduler and client could keep "
        f"{most:.0f} such workers busy; "
        "bound: the sleep alone",
        seconds=Spread.of([seconds]),
        rate=f"{n_tiles / seconds:.0f} tiles/s",
        bound="sleep",
        of_bound=ideal / seconds,
        target=None if goal is None else Target(f"{goal:.0%} of the workers' time", ideal / seconds, goal),
    )


def _hosts_spent(asking: Client) -> float:
    """Return the CPU seconds of all processes that have workers."""
    return sum(dict(asking.run(process_spent).values()).values())


def _real_tile(bench: Bench, tile_side: int, seconds: float) -> SleepingStage:
    """Train one tile of MR 5x5 RGB, and return a stage with its address and a file with its receipt."""
    stack_path, store = bench.folder / "simulated.zarr", WeightStore(str(bench.folder / "simulated-weights"))
    write_stack(stack_path, side=2 * tile_side, n_samples=4)
    stack = TrainingStack.open(stack_path)
    job = define_job(TrainingRequest(str(stack_path), store.uri, "tile", MaskedRegression.with_window(5)), stack)
    with open_draft(store, "tile", job, stack, 1 << 30, InProcessCluster()) as (draft, plan):
        address = TaskAddress(store.uri, "tile", draft.id, draft.created, job.stack)
        report = TileStage(address, plan).work(0)
    receipt = bench.folder / "receipt.json"
    receipt.write_bytes(msgspec.json.encode(report))
    for path in (stack_path, bench.folder / "simulated-weights"):
        shutil.rmtree(path)
    return SleepingStage(address, str(receipt), seconds)
