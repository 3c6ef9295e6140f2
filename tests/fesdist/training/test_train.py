"""Training as a whole, in this process: the same bits however it is cut, interrupted, repeated or refused."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from fesdist.cluster.connect import open_cluster
from fesdist.cluster.in_process import InProcessCluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError, PlanError, TileError
from fesdist.ground.memory import Allocation, Memory
from fesdist.registry import MaskedRegression
from fesdist.training import plan
from fesdist.training.job import TrainingJob, TrainingRequest, define_job
from fesdist.training.plan import RESERVED_BYTES, make_plan
from fesdist.training.run import TrainingResult, train
from fesdist.training.tile_report import TileReport
from fesdist.training.tile_stage import TileStage
from storage.blobs.documents import convert
from storage.datasets.spec import DatasetSpec
from storage.datasets.store import WeightStore
from storage.errors import NoSpaceError
from storage.stack.reading import TrainingStack
from tests.fesdist.training.stacks import write_stack

GIB = 1 << 30
HUGE = Allocation("more than there is", (1 << 40,), "uint8")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", side=150, people=10)


def _request(stack: Path, store: Path, **changes: object) -> TrainingRequest:
    request = TrainingRequest(str(stack), str(store), "random", MaskedRegression.with_window(3, ridge=0.4))
    return replace(request, **changes)  # type: ignore[arg-type]


def _train(request: TrainingRequest, memory: int = GIB, **options: object) -> TrainingResult:
    return train(request, InProcessCluster(), memory=memory, **options)  # type: ignore[arg-type]


def _interrupt(done: int, total: int, note: str) -> None:
    """Stop a run as Ctrl-C does, once three tiles are done."""
    if done == 3:
        raise KeyboardInterrupt


def _checksums(store: Path, version: int = 1) -> dict[str, str]:
    return WeightStore(str(store)).open(f"random@{version}").checksums


@pytest.fixture(scope="module")
def undisturbed(stack: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    store = tmp_path_factory.mktemp("undisturbed")
    _train(_request(stack, store))
    return _checksums(store)


def test_versions_count_up(stack: Path, tmp_path: Path) -> None:
    assert _train(_request(stack, tmp_path)).version == 1
    assert _train(_request(stack, tmp_path)).version == 2
    assert _checksums(tmp_path, 1) == _checksums(tmp_path, 2)


@pytest.mark.parametrize("side", [64, 128, 512])
def test_tiles_do_not_change_the_bits(
    stack: Path, tmp_path: Path, undisturbed: dict[str, str], side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fesdist.training.plan.LARGEST_TILE", side)
    monkeypatch.setattr("fesdist.training.plan.TILES_PER_WORKER", 0.01)
    result = _train(_request(stack, tmp_path))
    assert result.n_tiles == {64: 9, 128: 4, 512: 1}[side]
    assert _checksums(tmp_path) == undisturbed


def test_blocks_of_samples_do_not_change_the_bits(
    stack: Path, tmp_path: Path, undisturbed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fesdist.training.plan.SAMPLES_AT_ONCE", 3)
    _train(_request(stack, tmp_path))
    assert _checksums(tmp_path) == undisturbed


def test_two_workers_compute_the_same_bits(stack: Path, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    with open_cluster(ClusterSettings(workers=2)) as cluster:
        train(_request(stack, tmp_path), cluster, memory=GIB)
    assert _checksums(tmp_path) == undisturbed


def test_every_expression_alone_has_the_same_bits(stack: Path, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    for version, expression in enumerate(("happy", "sad"), 1):
        _train(_request(stack, tmp_path, expressions=(expression,)))
        alone = {key: value for key, value in _checksums(tmp_path, version).items() if key != "zarr.json"}
        assert alone.items() <= undisturbed.items()


def test_an_interrupted_run_continues(stack: Path, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        _train(_request(stack, tmp_path), on_progress=_interrupt)
    store = WeightStore(str(tmp_path))
    assert store.names() == []
    assert store.drafts("random")[0].n_receipts == 3
    result = _train(_request(stack, tmp_path))
    assert (result.version, result.n_resumed, result.n_tiles) == (1, 3, 9)
    assert _checksums(tmp_path) == undisturbed


@pytest.mark.parametrize("file", ["data/*/happy/weights/c/0/0/0/1", "drafts/*/receipts/tile-000001.json"])
def test_a_damaged_tile_of_an_interrupted_run_is_computed_again(
    stack: Path, tmp_path: Path, undisturbed: dict[str, str], file: str
) -> None:
    with pytest.raises(KeyboardInterrupt):
        _train(_request(stack, tmp_path), on_progress=_interrupt)
    (damaged,) = tmp_path.glob(f"random/{file}")
    damaged.write_bytes(bytes(len(damaged.read_bytes())))
    _train(_request(stack, tmp_path))
    assert _checksums(tmp_path) == undisturbed


def test_a_tile_whose_receipt_lacks_an_expression_is_computed_again(
    stack: Path, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        _train(_request(stack, tmp_path), on_progress=_interrupt)
    (damaged,) = tmp_path.glob("random/drafts/*/receipts/tile-000001.json")
    receipt = json.loads(damaged.read_text())
    receipt["mouth"]["hppy"] = receipt["mouth"].pop("happy")
    damaged.write_text(json.dumps(receipt))
    _train(_request(stack, tmp_path))
    assert _checksums(tmp_path) == undisturbed


def test_an_interrupted_run_keeps_its_tiles_under_another_budget(
    stack: Path, tmp_path: Path, undisturbed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(done: float, total: int, note: str) -> None:
        if done == 1 and not note:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _train(_request(stack, tmp_path), on_progress=interrupt)
    monkeypatch.setattr("fesdist.training.plan.TILES_PER_WORKER", 0.01)
    result = _train(_request(stack, tmp_path), memory=4 * GIB)
    assert (result.n_resumed, result.n_tiles) == (1, 9)
    assert _checksums(tmp_path) == undisturbed


def test_an_unchanged_job_is_skipped_when_asked(stack: Path, tmp_path: Path) -> None:
    first = _train(_request(stack, tmp_path), if_changed=True)
    again = _train(_request(stack, tmp_path), if_changed=True)
    other = _train(_request(stack, tmp_path, colour=Colour.GRAY), if_changed=True)
    assert (first.published, again.published, other.published) == (True, False, True)
    assert (first.version, again.version, other.version) == (1, 1, 2)


def test_expressions_with_other_people_are_another_group(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "stack.zarr", people=12, lacking={"sad": [1, 2]})
    stack = TrainingStack.open(path)
    job = define_job(_request(path, tmp_path), stack)
    groups = {group.expressions: group.samples for group in job.groups}
    assert groups == {(name,): tuple(stack.samples(name, "train").tolist()) for name in ("happy", "sad")}
    assert convert(TrainingJob, json.loads(json.dumps(asdict(job))), "job") == job
    _train(_request(path, tmp_path / "together"))
    _train(_request(path, tmp_path / "alone", expressions=("sad",)))
    together, alone = (_checksums(tmp_path / part) for part in ("together", "alone"))
    assert {key: together[key] for key in alone if key != "zarr.json"} == {
        key: value for key, value in alone.items() if key != "zarr.json"
    }


def test_an_unknown_expression(stack: Path, tmp_path: Path) -> None:
    with pytest.raises(BadParameterError, match=r"'angry' is not among the targets of .*; it has happy, sad"):
        _train(_request(stack, tmp_path, expressions=("angry",)))


def test_too_little_memory_is_refused_with_the_figures(stack: Path, tmp_path: Path) -> None:
    with pytest.raises(
        PlanError, match=r"321 MiB are allowed, but a tile of 64 x 64 pixels .* needs \d+ MiB .*give --memory"
    ):
        _train(_request(stack, tmp_path), memory=RESERVED_BYTES + (1 << 20))
    assert not (tmp_path / "random").exists()


def test_less_memory_makes_smaller_tiles(stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fesdist.training.plan.TILES_PER_WORKER", 0.01)
    opened = TrainingStack.open(stack)
    job = define_job(_request(stack, tmp_path), opened)
    plans = [make_plan(job, opened, RESERVED_BYTES + (extra << 20), 1) for extra in (512, 32, 14)]
    areas = [rows * cols * plan.n_block for plan in plans for rows, cols in [plan.tile_shape]]
    assert areas == sorted(areas, reverse=True)
    assert areas[0] > areas[-1]
    assert all(plan.projected_bytes <= plan.allowed_bytes for plan in plans)


def test_a_disk_without_room_is_refused(stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is looked at; where a draft may be the job's own, once it is known whether it is."""
    no_room = r"the weights take \d+ MiB, but .* has only 1 MiB left; free some space"
    with monkeypatch.context() as full:
        full.setattr(WeightStore, "free_bytes", lambda self: 1 << 20)
        full.setattr("fesdist.training.run.survey", None)
        with pytest.raises(PlanError, match=no_room):
            _train(_request(stack, tmp_path))
    request = _request(stack, tmp_path)
    WeightStore(request.store).draft(request.name, "of-another-job").create(DatasetSpec({}, {}), {})
    monkeypatch.setattr(WeightStore, "free_bytes", lambda self: 1 << 20)
    with pytest.raises(PlanError, match=no_room):
        _train(request)


def test_a_disk_that_fills_up_stops_the_run_and_keeps_its_tiles(
    stack: Path, tmp_path: Path, undisturbed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fesdist.training import rows_behind

    write, written = rows_behind.write_rows, []

    def full_after_two(*arguments: object) -> dict[str, str]:
        if len(written) == 2:
            raise NoSpaceError("no space left")
        written.append(arguments)
        return write(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(rows_behind, "write_rows", full_after_two)
        with pytest.raises(NoSpaceError):
            _train(_request(stack, tmp_path))
    result = _train(_request(stack, tmp_path))
    assert result.n_resumed == 2
    assert _checksums(tmp_path) == undisturbed


def test_a_tile_that_keeps_failing_is_named_and_alone(
    stack: Path, tmp_path: Path, undisturbed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_on_four(stage: TileStage, key: int) -> TileReport:
        if key == 4:
            raise ValueError("a bad day")
        return original(stage, key)

    original = TileStage.work
    with monkeypatch.context() as patch:
        patch.setattr(TileStage, "work", fail_on_four)
        with pytest.raises(TileError, match=r"1 of 9 tiles failed, tile 4 \(rows 64:128, columns 64:128\): a bad day"):
            _train(_request(stack, tmp_path))
    result = _train(_request(stack, tmp_path))
    assert (result.n_resumed, result.version) == (8, 1)
    assert _checksums(tmp_path) == undisturbed


@pytest.mark.parametrize("options", [{"pool": 1, "mirror": True}, {}])
def test_samples_that_are_held_teach_what_those_teach_that_come_a_few_at_a_time(
    stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    model = replace(MaskedRegression.with_window(3), **options)
    metrics = []
    for part, held_memory in (("held", plan.held_memory), ("streamed", lambda *_, **__: Memory((HUGE,)))):
        monkeypatch.setattr(plan, "held_memory", held_memory)
        metrics.append(_train(_request(stack, tmp_path / part, model=model)).metrics)
    held, streamed = (WeightStore(str(tmp_path / part)).open("random").checksums for part in ("held", "streamed"))
    assert held == streamed
    assert held
    assert metrics[0].expressions == metrics[1].expressions
    assert metrics[0].phases.keys() == {"read", "sums", "evidence", "solve", "held-out", "write"}
    assert metrics[0].steps.keys() == {"survey", "likeness", "image pass", "tiles", "refinement"}
