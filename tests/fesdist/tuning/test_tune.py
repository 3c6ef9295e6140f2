"""Tuning as a whole: errors are those of leaving people out by hand, whatever the way and the tiles."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.cluster.in_process import InProcessCluster
from fesdist.cluster.settings import RESERVED_BYTES
from fesdist.families.common.cells import CELLS
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError, PlanError
from fesdist.ground.folds import split_people
from fesdist.ground.measures import mouth_region
from fesdist.ground.tiles import Tile
from fesdist.registry import MaskedRegression, RidgeRegression
from fesdist.training.job import TrainingRequest, define_job
from fesdist.tuning import fold_plan, fold_stage
from fesdist.tuning import tune as module
from fesdist.tuning.tune import TuningRequest, tune
from fesdist.tuning.tuning import Tuning
from storage.errors import ChangedError
from storage.stack.editing import delete_person
from storage.stack.reading import StackSpec, TrainingStack
from storage.stack.writer import PendingSubject, StackWriter
from tests.fesdist.training.stacks import write_stack
from tests.fesdist.tuning.conftest import GRID, SIDE, measured, tuned


def _images(stack: TrainingStack, name: str, samples: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (sample × channel, row, col) in [0, 1]."""
    return stack.read(name, samples, slice(None), slice(None)).reshape(-1, SIDE, SIDE) / 255


def _left_out(stack: TrainingStack, expression: str, window: int, ridge: float) -> NDArray[np.float64]:
    """Return the squared errors of all people when their fold is left out, (sample, row, col), colour shared."""
    everybody = [stack.subjects[sample].id for name in stack.targets for sample in stack.samples(name)]
    samples = stack.samples(expression)
    reach = window // 2
    errors = []
    for fold in split_people(everybody, 3):
        within = np.array([stack.subjects[sample].id in fold for sample in samples])
        x, others = (_images(stack, "neutral", samples[side]) for side in (within, ~within))
        t, their = (_images(stack, expression, samples[side]) for side in (within, ~within))
        padded, padded_others = (np.pad(a, ((0, 0), (reach, reach), (reach, reach))) for a in (x, others))
        error = np.empty_like(x)
        for row in range(SIDE):
            for col in range(SIDE):
                design, known = (
                    np.c_[a[:, row : row + window, col : col + window].reshape(len(a), -1), np.ones(len(a))]
                    for a in (padded_others, padded)
                )
                gram = design.T @ design + ridge * np.eye(design.shape[1])
                weights = np.linalg.solve(gram, design.T @ their[:, row, col])
                error[:, row, col] = (known @ weights - t[:, row, col]) ** 2
        errors.append(error)
    return np.concatenate(errors)


def _as_they_are(stack: TrainingStack, expression: str) -> NDArray[np.float64]:
    """Return the squared differences of targets and inputs, (sample x channel, row, col)."""
    samples = stack.samples(expression)
    return (_images(stack, "neutral", samples) - _images(stack, expression, samples)) ** 2


def test_nothing_is_told_of_people_who_are_taken_out_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_stack(tmp_path / "stack.zarr", side=SIDE)
    person = TrainingStack.open(path).people[int(TrainingStack.open(path).samples("happy")[0])]
    validate = module.validate

    def meanwhile(*arguments: Any) -> Any:
        found = validate(*arguments)
        delete_person(path, person.id)
        return found

    monkeypatch.setattr(module, "validate", meanwhile)
    with pytest.raises(ChangedError, match=f"of {person.id} was deleted or replaced"):
        tuned(path, tmp_path / "scratch")


def test_nothing_is_kept_of_people_who_are_taken_out_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_stack(tmp_path / "stack.zarr", side=SIDE)
    person = TrainingStack.open(path).people[int(TrainingStack.open(path).samples("happy")[0])]
    judged = fold_stage.judged_in

    def meanwhile(*arguments: Any) -> Any:
        monkeypatch.undo()
        delete_person(path, person.id)
        return judged(*arguments)

    monkeypatch.setattr(fold_stage, "judged_in", meanwhile)
    with pytest.raises(ChangedError, match=f"of {person.id} was deleted or replaced"):
        tuned(path, tmp_path / "scratch")
    assert not list((tmp_path / "scratch").rglob("*.npz"))


def test_errors_are_those_of_leaving_people_out_by_hand(path: Path, tmp_path: Path) -> None:
    tuning = tuned(path, tmp_path)
    stack = TrainingStack.open(path)
    mouth = mouth_region(stack.spec.mouth, stack.image_shape)
    for result in tuning.results:
        for expression in ("happy", "sad"):
            errors = _left_out(stack, expression, **result.options)
            scores = result.scores[expression]
            assert scores["face"].mse_x100 == pytest.approx(100 * errors.mean(), rel=1e-9)
            assert scores["mouth"].mse_x100 == pytest.approx(100 * errors[:, *mouth.slices].mean(), rel=1e-9)
    assert tuning.unchanged is not None
    for expression, scores in tuning.unchanged.scores.items():
        errors = _as_they_are(stack, expression)
        assert scores["face"].mse_x100 == pytest.approx(100 * errors.mean(), rel=1e-12)
        assert scores["mouth"].mse_x100 == pytest.approx(100 * errors[:, *mouth.slices].mean(), rel=1e-12)
    best = min(tuning.results, key=lambda result: result.mean("face").mse_x100)
    assert tuning.best == best
    assert not tuning.clipped
    assert tuning.n_people == len({sample for name in stack.targets for sample in stack.samples(name)})


@pytest.mark.parametrize("colour", [Colour.PER_CHANNEL, Colour.GRAY])
def test_tiles_do_not_change_errors(
    path: Path, tmp_path: Path, colour: Colour, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tuned(path, tmp_path, colour=colour, ridge_in_cells=True)
    monkeypatch.setattr(fold_plan, "TILE_SIDES", (16, 8))
    monkeypatch.setattr(fold_plan, "SAMPLES_AT_ONCE", 3)
    tiled = tuned(path, tmp_path, colour=colour, ridge_in_cells=True)
    assert tiled.ridge_map == whole.ridge_map
    for one, other in zip(measured(tiled), measured(whole), strict=True):
        assert one.mean("face").mse_x100 == pytest.approx(other.mean("face").mse_x100, rel=1e-12)
        assert one.mean("mouth").mse_x100 == pytest.approx(other.mean("mouth").mse_x100, rel=1e-12)


def test_tiles_beside_each_other_find_the_same(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold_plan, "TILE_SIDES", (8,))
    monkeypatch.setattr(fold_plan, "SMALLEST_BESIDE", 8)
    alone = tuned(path, tmp_path)
    together, usual = Barrier(2, timeout=60), fold_stage.FoldStage.find

    def find(stage: Any, tile: Tile, group: int) -> Any:
        if tile.index < 2 and group == 0:
            together.wait()  # for the other: two tiles are at work at once
        return usual(stage, tile, group)

    monkeypatch.setattr(fold_stage.FoldStage, "find", find)
    request = TuningRequest(str(path), "mr", GRID, n_folds=3)
    beside = tune(request, InProcessCluster(2), memory=1 << 30, scratch=tmp_path)
    assert beside.results == alone.results


def test_tiles_are_one_at_a_time_where_memory_is_short(path: Path) -> None:
    stack, model = TrainingStack.open(str(path)), MaskedRegression.with_window(3)
    fit = define_job(TrainingRequest(str(path), "", "tuning", model), stack).fit(stack)
    validation = MaskedRegression.cross_validation([model])
    plan = partial(fold_plan.fold_plan, validation, fit, 3, n_workers=1)
    roomy = plan(memory=1 << 30, threads=4)
    assert roomy.at_once == 4
    needed = RESERVED_BYTES + 4 * validation.memory(fit, roomy.tile_shape, roomy.n_block, 3).nbytes
    assert plan(memory=needed, threads=4) == roomy
    smallest = RESERVED_BYTES + validation.memory(fit, (8, 8), min(fold_plan.FEWEST_SAMPLES, fit.n_samples), 3).nbytes
    assert plan(memory=smallest, threads=4).at_once == 1
    with pytest.raises(PlanError):
        plan(memory=RESERVED_BYTES, threads=4)


def test_one_person_at_a_time_and_some_of_the_rows(path: Path, tmp_path: Path) -> None:
    tuning = tuned(path, tmp_path, n_folds=None, row_step=4, expressions=("happy",))
    assert (tuning.n_folds, tuning.n_people, tuning.row_step) == (10, 10, 4)
    assert tuning.expressions == ("happy",)
    every_row = tuned(path, tmp_path, n_folds=None, row_step=1, expressions=("happy",))
    for some, every in zip(tuning.results, every_row.results, strict=True):
        assert some.mean("face").mse_x100 == pytest.approx(every.mean("face").mse_x100, rel=0.2)


def test_the_input_is_measured_on_the_same_rows(path: Path, tmp_path: Path) -> None:
    tuning = tuned(path, tmp_path, row_step=4)
    stack = TrainingStack.open(path)
    assert tuning.unchanged is not None
    for expression, scores in tuning.unchanged.scores.items():
        errors = 100 * _as_they_are(stack, expression)[:, ::4]
        assert scores["face"].mse_x100 == pytest.approx(errors.mean(), rel=1e-12)


def test_a_best_that_is_worse_than_the_input_is_told(tmp_path: Path) -> None:
    path = write_unchanging(tmp_path / "still.zarr")
    tuning = tuned(path, tmp_path / "scratch", values={"window": (1,), "ridge": (1e4, 1e6)})
    (worse, edge) = tuning.notices
    assert worse.text == "1 expression of which the model errs more than the photograph left as it is"
    assert "edge" in edge.text
    assert Tuning.from_json(tuning.to_json()) == tuning


def write_unchanging(path: Path) -> Path:
    """Write a stack of people who hardly move."""
    random = np.random.default_rng(3)
    neutral = random.integers(20, 230, (10, 3, SIDE, SIDE), dtype=np.uint8)
    people = [PendingSubject(f"person{number}", {"neutral": of, "happy": of + 1}) for number, of in enumerate(neutral)]
    with StackWriter.create(path, StackSpec(SIDE, SIDE, 3, "uint8", "none")) as writer:
        writer.append(people)
        writer.assign_holdout(0.2, None)
    return path


def test_the_region_decides(path: Path, tmp_path: Path) -> None:
    for region in ("face", "mouth"):
        tuning = tuned(path, tmp_path, region=region)
        assert tuning.best.mean(region) == min((r.mean(region) for r in tuning.results), key=lambda s: s.mse_x100)
    with pytest.raises(BadParameterError, match="region 'nose'; expected one of face, mouth"):
        tuned(path, tmp_path, region="nose")


@pytest.mark.parametrize("row_step", [0, -1])
def test_rows_are_measured_one_in_one_or_more(path: Path, tmp_path: Path, row_step: int) -> None:
    with pytest.raises(BadParameterError, match=f"row_step is {row_step}; expected 1 row or more"):
        tuned(path, tmp_path, row_step=row_step)


def test_a_region_without_measured_rows_cannot_decide(path: Path, tmp_path: Path) -> None:
    with pytest.raises(
        BadParameterError, match="no pixel of the mouth was measured in images of 26 x 26; give a smaller"
    ):
        tuned(path, tmp_path, region="mouth", row_step=25)
    tuning = tuned(path, tmp_path, row_step=25)
    assert all(result.mean("mouth").mse_x100 == 0 for result in tuning.results)


def test_a_ridge_for_each_cell_is_among_those_tried(path: Path, tmp_path: Path) -> None:
    tuning = tuned(path, tmp_path, ridge_in_cells=True)
    assert tuning.ridge_map is not None
    assert (len(tuning.ridge_map), len(tuning.ridge_map[0])) == CELLS
    assert {ridge for row in tuning.ridge_map for ridge in row} <= set(GRID["ridge"])
    assert tuning.options["window"] == tuning.best.options["window"]
    assert tuning.options["ridge"] == [list(row) for row in tuning.ridge_map]


def test_models_of_the_whole_image_need_one_pass(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request: dict[str, Any] = {"model": "ridge", "values": {"ridge": (1.0, 100.0)}}
    from_products = tuned(path, tmp_path / "a", **request)
    monkeypatch.setattr(fold_plan, "TILE_SIDES", (8,))
    tiled = tuned(path, tmp_path / "b", **request)
    monkeypatch.setattr(RidgeRegression, "cross_validation", lambda candidates: None)
    by_hand = tuned(path, tmp_path / "c", **request)
    assert by_hand.clipped
    for one, small, other in zip(*map(measured, (from_products, tiled, by_hand)), strict=True):
        for expression, regions in one.scores.items():
            for region, score in regions.items():
                assert score.mse_x100 == pytest.approx(small.scores[expression][region].mse_x100, rel=1e-9)
                assert score.mse_x100 == pytest.approx(other.scores[expression][region].mse_x100, rel=0.05)


def test_too_little_memory(path: Path, tmp_path: Path) -> None:
    text = r"320 MiB are allowed, but 3 folds of \d+ samples need \d+ MiB .* give --memory"
    with pytest.raises(PlanError, match=text):
        tuned(path, tmp_path, memory=RESERVED_BYTES)
