"""Training with a shape: near the truth, the same bits however it is cut, interrupted, damaged or repeated."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from fesdist.ground.measures import mse_x100
from fesdist.ground.tiles import Region
from fesdist.inference.loaded import LoadedVersion
from fesdist.registry import MODELS
from fesdist.registry.options import model_from_options
from fesdist.shape.warping import Displacement
from fesdist.training.flows import FlowStage
from fesdist.training.job import SHAPED_FROM, Shape, define_job, has_shape
from fesdist.training.run import TrainingResult
from fesdist.training.shaping import ShapeStage
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack
from tests.fesdist.shape.pictures import smooth_displacement
from tests.fesdist.training.conftest import TRUE, checksums, shaped_request, train_anew
from tests.fesdist.training.stacks import write_moving_stack


@pytest.fixture(scope="module")
def undisturbed(moving_stack: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingResult, Path]:
    store = tmp_path_factory.mktemp("undisturbed")
    return train_anew(shaped_request(moving_stack, store)), store


def test_the_displacement_is_near_the_truth(undisturbed: tuple[TrainingResult, Path]) -> None:
    result, store = undisturbed
    version = WeightStore(str(store)).open("random")
    assert set(result.shapes) == set(TRUE)
    for expression, true in TRUE.items():
        found = version.read(expression, "displacement", None)
        inside = (found - true.values)[:, 8:-8, 8:-8]
        assert np.sqrt(np.square(inside).mean()) < 0.2
        learned = result.shapes[expression]
        assert (learned.people, learned.judges, learned.unusable) == (8, 8, ())
        assert learned.largest == pytest.approx(float(np.sqrt(np.square(found).sum(axis=0)).max()), abs=1e-3)
        assert learned.mouth.moved_mse_x100 < 0.5 * learned.mouth.unchanged_mse_x100
        assert learned.face.moved_mse_x100 < 0.5 * learned.face.unchanged_mse_x100


def test_a_shape_lowers_the_error_on_held_out_people(
    moving_stack: Path, tmp_path: Path, undisturbed: tuple[TrainingResult, Path]
) -> None:
    without = train_anew(shaped_request(moving_stack, tmp_path, shape=Shape.NO))
    assert without.shapes == {}
    for expression in TRUE:
        shaped, flat = (run.metrics.expressions[expression].face for run in (undisturbed[0], without))
        assert shaped is not None
        assert flat is not None
        assert shaped.mse_x100 < 0.6 * flat.mse_x100
        # What doing nothing costs is told of photographs that nobody moved.
        assert shaped.unchanged_mse_x100 == pytest.approx(flat.unchanged_mse_x100, rel=1e-9)


def test_tiles_and_flows_found_again_do_not_change_the_bits(
    own_stack: Path, tmp_path: Path, undisturbed: tuple[TrainingResult, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fesdist.training.plan.TILES_PER_WORKER", 0.01)
    result = train_anew(shaped_request(own_stack, tmp_path))
    assert (result.n_tiles, undisturbed[0].n_tiles) == (1, 6)
    assert result.shapes == undisturbed[0].shapes
    assert checksums(tmp_path) == checksums(undisturbed[1])


def test_an_interrupted_run_goes_on_to_the_same_bits(
    own_stack: Path,
    tmp_path: Path,
    undisturbed: tuple[TrainingResult, Path],
    estimated: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    comparing = FlowStage("", "").note(())
    opened = TrainingStack.open(str(own_stack))
    learning = ShapeStage(define_job(shaped_request(own_stack, tmp_path), opened)).note("happy")

    def stop_comparing(done: int, total: int, note: str) -> None:
        if (note, done) == (comparing, 8):  # all of one expression, as they lie in one chunk
            raise KeyboardInterrupt

    def stop_tiles(done: int, total: int, note: str) -> None:
        if note not in (comparing, learning) and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_anew(shaped_request(own_stack, tmp_path), on_progress=stop_comparing)
    assert len(estimated) == 8
    with pytest.raises(KeyboardInterrupt):
        train_anew(shaped_request(own_stack, tmp_path), on_progress=stop_tiles)
    assert len(estimated) == 16
    # The draft is the same, although what it was made from had to be found again.
    shutil.rmtree(own_stack / "flows")
    result = train_anew(shaped_request(own_stack, tmp_path))
    assert len(estimated) == 32
    assert (result.n_resumed, result.n_tiles) == (2, 6)
    assert checksums(tmp_path) == checksums(undisturbed[1])


def test_photographs_of_strangers_are_named_and_teach_no_shape(tmp_path: Path) -> None:
    only = {"happy": TRUE["happy"]}
    path = write_moving_stack(tmp_path / "stack.zarr", only, people=8, strangers=(1, 2))
    opened = TrainingStack.open(str(path))
    train_on = [opened.subjects[sample].id for sample in opened.samples("happy", "train")]
    named = tuple(person for person in train_on if person in ("person01", "person02"))
    assert named
    result = train_anew(shaped_request(path, tmp_path / "weights"))
    assert result.shapes["happy"].unusable == named
    assert result.shapes["happy"].people == len(train_on) - len(named)
    kept = WeightStore(str(tmp_path / "weights")).open("random").manifest.shape
    assert kept is not None
    assert tuple(kept["happy"]["unusable"]) == named


def test_one_person_has_a_shape_that_nobody_judges(tmp_path: Path) -> None:
    path = write_moving_stack(tmp_path / "stack.zarr", {"happy": TRUE["happy"]}, people=1)
    learned = train_anew(shaped_request(path, tmp_path / "weights", subjects="all")).shapes["happy"]
    assert (learned.people, learned.judges) == (1, 1)
    assert learned.largest > 2
    assert (learned.face.unchanged_mse_x100, learned.face.moved_mse_x100) == (0, 0)


SMALL = (24, 32)
OPTIONS = {
    "mr": {"window": 3},
    "omp": {"n_nonzero": 2},
    "lsrf": {"n_nonzero": 2},
    "pca": {"rank": 3},
    "ssc": {"rank": 3},
    "krrr": {"rank": 3},
    "bkrrr": {"rank": 3},
}


@pytest.fixture(scope="module")
def small_stack(tmp_path_factory: pytest.TempPathFactory) -> TrainingStack:
    true = {name: smooth_displacement(SMALL, 1.5, seed) for seed, name in enumerate(("happy", "sad"))}
    return TrainingStack.open(
        str(write_moving_stack(tmp_path_factory.mktemp("small") / "stack.zarr", true, people=8, channels=3))
    )


@pytest.mark.parametrize("name", list(MODELS))
def test_every_model_sees_in_use_what_it_saw_in_training(small_stack: TrainingStack, tmp_path: Path, name: str) -> None:
    model = model_from_options(name, OPTIONS.get(name, {}))
    metrics = train_anew(shaped_request(Path(small_stack.path), tmp_path, model=model)).metrics.expressions
    version = WeightStore(str(tmp_path)).open("random")
    loaded = LoadedVersion(version)
    whole = Region(0, SMALL[0], 0, SMALL[1])
    for expression in ("happy", "sad"):
        samples = small_stack.samples(expression, "holdout")
        inputs, targets = (small_stack.read(each, samples, *whole.slices) for each in ("neutral", expression))
        displacement = Displacement(version.read(expression, "displacement", None))
        assert np.abs(displacement.values).max() > 0.2
        # The same weights on images that were moved by hand.
        made = loaded.synthesize(inputs, expression, refine="none")
        face = metrics[expression].face
        assert face is not None
        assert mse_x100(made, targets / 255).mean() == pytest.approx(face.mse_x100, rel=1e-4)
        trained = small_stack.samples(expression, "train")
        before, after = (small_stack.read(each, trained, *whole.slices) for each in ("neutral", expression))
        difference = (after.astype(float) - displacement.applied(before)).mean(axis=0) / 255
        np.testing.assert_allclose(version.read(expression, "mean_difference", None), difference, atol=1e-6)


def test_a_pooled_and_mirrored_model_has_the_same_bits_in_tiles(
    moving_stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_from_options("mr", {"window": 3, "pool": 1, "mirror": True})
    request = shaped_request(moving_stack, tmp_path, model=model, expressions=("happy",))
    assert train_anew(request).n_tiles == 6
    in_tiles = checksums(tmp_path)
    monkeypatch.setattr("fesdist.training.plan.TILES_PER_WORKER", 0.01)
    assert train_anew(request).n_tiles == 1
    assert checksums(tmp_path) == in_tiles


def test_floating_point_images_have_a_shape_too(tmp_path: Path) -> None:
    only = {"happy": TRUE["happy"]}
    path = write_moving_stack(tmp_path / "stack.zarr", only, people=5, dtype="float64")
    result = train_anew(shaped_request(path, tmp_path / "weights"))
    face = result.metrics.expressions["happy"].face
    assert face is not None
    assert face.mse_x100 < 0.5 * face.unchanged_mse_x100


@pytest.mark.parametrize(
    ("said", "shape", "expected"),
    [
        (Shape.AUTO, (SHAPED_FROM - 1, 400), False),
        (Shape.AUTO, (400, SHAPED_FROM - 1), False),
        (Shape.AUTO, (SHAPED_FROM, SHAPED_FROM), True),
        (Shape.YES, (20, 20), True),
        (Shape.NO, (1024, 1024), False),
    ],
)
def test_large_images_have_a_shape_unless_told_otherwise(said: Shape, shape: tuple[int, int], expected: bool) -> None:
    assert has_shape(said, shape) is expected


def test_equal_jobs_are_skipped_when_asked(moving_stack: Path, tmp_path: Path) -> None:
    request = shaped_request(moving_stack, tmp_path, expressions=("sad",))
    assert train_anew(request, if_changed=True).published
    assert not train_anew(request, if_changed=True).published
