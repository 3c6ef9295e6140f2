"""Training with a shape: near the truth, the same bits however it is cut, interrupted, damaged or repeated."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.ground.errors import TileError
from fesdist.ground.measures import mse_x100
from fesdist.ground.tiles import Region, TileGrid
from fesdist.inference.loaded import LoadedVersion
from fesdist.registry import MODELS, MaskedRegression
from fesdist.registry.options import model_from_options
from fesdist.shape.warping import Displacement
from fesdist.training import flows, shaping
from fesdist.training.flows import FlowStage, displacement_of
from fesdist.training.holding import held_memory
from fesdist.training.images import JobImages
from fesdist.training.job import SHAPED_FROM, CutJob, Shape, TrainingRequest, define_job, has_shape
from fesdist.training.plan import make_plan, plan_with_cut
from fesdist.training.run import TrainingResult, train
from fesdist.training.shaping import learn_shapes
from storage.blobs.notes import Notes
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack
from storage.stack.writer import PendingSubject, StackWriter
from tests.fesdist.shape.pictures import smooth_displacement
from tests.fesdist.training.stacks import moving_face, write_moving_stack

GIB = 1 << 30
SHAPE = (72, 130)
TRUE = {name: smooth_displacement(SHAPE, 3.0, seed) for seed, name in enumerate(("happy", "sad"))}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_moving_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", TRUE, people=10)


@pytest.fixture
def own_stack(stack: Path, tmp_path: Path) -> Path:
    """Return a copy of the stack, without flows, that a test may damage."""
    copy = tmp_path / "copy.zarr"
    shutil.copytree(stack, copy, ignore=shutil.ignore_patterns("flows"))
    return copy


@pytest.fixture
def estimated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets an entry for each flow that is estimated from now on."""
    found: list[int] = []

    def counted(*images: np.ndarray) -> flows.Flow:
        found.append(1)
        return flow_of_images(*images)

    flow_of_images = flows.estimate_flow
    monkeypatch.setattr(flows, "estimate_flow", counted)
    return found


def _request(stack: Path, store: Path, **changes: object) -> TrainingRequest:
    model = MaskedRegression.with_window(3, ridge=0.4)
    return replace(TrainingRequest(str(stack), str(store), "random", model, shape=Shape.YES), **changes)  # type: ignore[arg-type]


def _train(request: TrainingRequest, memory: int = GIB, **options: object) -> TrainingResult:
    displacement_of.cache_clear()
    return train(request, InProcessCluster(), memory=memory, **options)  # type: ignore[arg-type]


def _checksums(store: Path) -> dict[str, str]:
    return WeightStore(str(store)).open("random").checksums


@pytest.fixture(scope="module")
def undisturbed(stack: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingResult, Path]:
    store = tmp_path_factory.mktemp("undisturbed")
    return _train(_request(stack, store)), store


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
    stack: Path, tmp_path: Path, undisturbed: tuple[TrainingResult, Path]
) -> None:
    without = _train(_request(stack, tmp_path, shape=Shape.NO))
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
    result = _train(_request(own_stack, tmp_path))
    assert (result.n_tiles, undisturbed[0].n_tiles) == (1, 6)
    assert result.shapes == undisturbed[0].shapes
    assert _checksums(tmp_path) == _checksums(undisturbed[1])


def test_an_interrupted_run_goes_on_to_the_same_bits(
    own_stack: Path,
    tmp_path: Path,
    undisturbed: tuple[TrainingResult, Path],
    estimated: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    comparing = FlowStage("", "").note(())

    def stop_comparing(done: int, total: int, note: str) -> None:
        if (note, done) == (comparing, 8):  # all of one expression, as they lie in one chunk
            raise KeyboardInterrupt

    def stop_tiles(done: int, total: int, note: str) -> None:
        if note != comparing and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _train(_request(own_stack, tmp_path), on_progress=stop_comparing)
    assert len(estimated) == 8
    with pytest.raises(KeyboardInterrupt):
        _train(_request(own_stack, tmp_path), on_progress=stop_tiles)
    assert len(estimated) == 16
    # The draft is the same, although what it was made from had to be found again.
    shutil.rmtree(own_stack / "flows")
    result = _train(_request(own_stack, tmp_path))
    assert len(estimated) == 32
    assert (result.n_resumed, result.n_tiles) == (2, 6)
    assert _checksums(tmp_path) == _checksums(undisturbed[1])


def test_flows_are_found_once(own_stack: Path, tmp_path: Path, estimated: list[int]) -> None:
    first = _train(_request(own_stack, tmp_path, expressions=("happy",)))
    assert len(estimated) == 8
    assert _train(_request(own_stack, tmp_path, expressions=("happy",))).shapes == first.shapes
    assert len(estimated) == 8
    with StackWriter.open(own_stack) as writer:
        writer.append([PendingSubject("somebody new", moving_face(99, TRUE))])
        writer.assign_holdout(0.0, None)
    assert TrainingStack.open(own_stack).verify() == []
    assert set(TrainingStack.open(own_stack).to_xarray()) == {"neutral", *TRUE}
    more = _train(_request(own_stack, tmp_path, expressions=("happy",)))
    assert len(estimated) == 9
    assert more.shapes["happy"].people == 9
    assert more.shapes["happy"].face != first.shapes["happy"].face


def test_damaged_flows_are_found_again(
    own_stack: Path,
    tmp_path: Path,
    undisturbed: tuple[TrainingResult, Path],
    estimated: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _train(_request(own_stack, tmp_path))
    notes = sorted((own_stack / "flows" / "kept").glob("flow-*.npz"))
    assert len(notes) == 16
    damaged = bytearray(notes[0].read_bytes())
    damaged[len(damaged) // 2] ^= 1
    notes[0].write_bytes(damaged)
    notes[1].write_bytes(b"")
    shutil.copy(own_stack / "zarr.json", notes[2])
    # Whole, but of images of another size.
    np.savez(notes[3], steps=np.zeros((2, 9, 9), np.int16), before=np.zeros((9, 9), np.uint8), after=np.zeros((9, 9)))
    estimated.clear()
    # The second run reads few people at a time as well.
    monkeypatch.setattr("fesdist.training.plan.SAMPLES_AT_ONCE", 3)
    _train(_request(own_stack, tmp_path))
    assert len(estimated) == 4
    assert _checksums(tmp_path) == _checksums(undisturbed[1])


def test_a_flow_that_disappears_is_told(own_stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Notes, "put", lambda *note: None)
    with pytest.raises(TileError, match=r"the flow of 'person0\d' is not in .*flows any more.*repeat the same command"):
        _train(_request(own_stack, tmp_path, expressions=("happy",)))


def test_a_stack_that_cannot_be_written_is_told(
    own_stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*note: object) -> None:
        raise PermissionError("Read-only file system")

    monkeypatch.setattr(Notes, "put", refuse)
    with pytest.raises(TileError, match=r"Read-only file system; .*make .*copy.zarr writable.*--shape no"):
        _train(_request(own_stack, tmp_path, expressions=("happy",)))


@pytest.mark.parametrize("damage", ["removed", "changed"])
def test_a_displacement_that_disappears_is_told(
    stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    keep = shaping.keep_displacement

    def lose(path: str, displacement: Displacement) -> str:
        digest = keep(path, displacement)
        other = keep(path, displacement.scaled(2))
        kept = stack / "flows" / "kept"
        if damage == "removed":
            (kept / f"displacement-{digest}.npz").unlink()
        else:
            shutil.copy(kept / f"displacement-{other}.npz", kept / f"displacement-{digest}.npz")
        return digest

    monkeypatch.setattr(shaping, "keep_displacement", lose)
    with pytest.raises(TileError, match=r"the displacement \w+ is not in .*flows any more.*repeat the same command"):
        _train(_request(stack, tmp_path, expressions=("happy",)))


def test_photographs_of_strangers_are_named_and_teach_no_shape(tmp_path: Path) -> None:
    only = {"happy": TRUE["happy"]}
    path = write_moving_stack(tmp_path / "stack.zarr", only, people=8, strangers=(1, 2))
    opened = TrainingStack.open(str(path))
    train_on = [opened.subjects[sample].id for sample in opened.samples("happy", "train")]
    named = tuple(person for person in train_on if person in ("person01", "person02"))
    assert named
    result = _train(_request(path, tmp_path / "weights"))
    assert result.shapes["happy"].unusable == named
    assert result.shapes["happy"].people == len(train_on) - len(named)
    kept = WeightStore(str(tmp_path / "weights")).open("random").manifest.shape
    assert kept is not None
    assert tuple(kept["happy"]["unusable"]) == named


def test_one_person_has_a_shape_that_nobody_judges(tmp_path: Path) -> None:
    path = write_moving_stack(tmp_path / "stack.zarr", {"happy": TRUE["happy"]}, people=1)
    learned = _train(_request(path, tmp_path / "weights", subjects="all")).shapes["happy"]
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
    metrics = _train(_request(Path(small_stack.path), tmp_path, model=model)).metrics.expressions
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
    stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_from_options("mr", {"window": 3, "pool": 1, "mirror": True})
    request = _request(stack, tmp_path, model=model, expressions=("happy",))
    assert _train(request).n_tiles == 6
    in_tiles = _checksums(tmp_path)
    monkeypatch.setattr("fesdist.training.plan.TILES_PER_WORKER", 0.01)
    assert _train(request).n_tiles == 1
    assert _checksums(tmp_path) == in_tiles


def test_floating_point_images_have_a_shape_too(tmp_path: Path) -> None:
    only = {"happy": TRUE["happy"]}
    path = write_moving_stack(tmp_path / "stack.zarr", only, people=5, dtype="float64")
    result = _train(_request(path, tmp_path / "weights"))
    face = result.metrics.expressions["happy"].face
    assert face is not None
    assert face.mse_x100 < 0.5 * face.unchanged_mse_x100


@pytest.fixture(scope="module")
def images(stack: Path, undisturbed: tuple[TrainingResult, Path]) -> JobImages:
    """Return the images of a job with shapes, of the first stack."""
    opened = TrainingStack.open(str(stack))
    job, _ = learn_shapes(define_job(_request(stack, stack), opened), opened, InProcessCluster())
    assert [group.expressions for group in job.groups] == [("happy",), ("sad",)]
    return JobImages.of(job, opened)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("region", [Region(0, 72, 0, 130), Region(10, 30, 0, 20), Region(50, 72, 101, 130)], ids=str)
def test_inputs_of_a_region_are_those_of_the_whole_image(images: JobImages, region: Region, mirrored: bool) -> None:
    samples = [1, 4]
    photographs = images.photographs(samples, Region(0, SHAPE[0], 0, SHAPE[1]))
    targets = images.stack.read("sad", samples, slice(0, SHAPE[0]), slice(0, SHAPE[1]))
    if mirrored:
        photographs, targets = photographs[..., ::-1], targets[..., ::-1]
    moved = images.displacements["sad"].applied(photographs)
    assert np.array_equal(images.inputs("sad", samples, region, mirrored=mirrored), moved[..., *region.slices])
    assert np.array_equal(images.targets("sad", samples, region, mirrored=mirrored), targets[..., *region.slices])


def test_the_plan_counts_what_moving_takes(stack: Path, images: JobImages) -> None:
    opened = TrainingStack.open(str(stack))
    job = define_job(_request(stack, stack), opened)
    planned = job.planned_shape()
    assert [group.expressions for group in planned.groups] == [("happy",), ("sad",)]
    alone = replace(planned, displacements={})
    tile = (64, 65)
    with_shape, without = (plan_with_cut(opened, GIB, CutJob(each, tile)) for each in (planned, alone))
    assert with_shape.stored_bytes - without.stored_bytes == 2 * 2 * 4 * SHAPE[0] * SHAPE[1]
    region = TileGrid(SHAPE, tile)[0].region
    source = images.displacements["happy"].positions(region).source
    photographs = images.photographs(range(with_shape.n_block), source)
    kept = images.displacements["happy"].values.nbytes
    assert with_shape.projected_bytes - without.projected_bytes >= kept
    moved, still = (
        held_memory(planned.build_model(), planned.fit(opened), tile, 0, with_shape.n_block, moved=moved)
        for moved in (True, False)
    )
    extra = photographs.nbytes + 2 * 4 * region.shape[0] * region.shape[1]
    assert moved.phase("reading").nbytes - still.phase("reading").nbytes >= extra
    assert make_plan(planned, opened, GIB, 1).projected_bytes > make_plan(alone, opened, GIB, 1).projected_bytes


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


def test_equal_jobs_are_skipped_when_asked(stack: Path, tmp_path: Path) -> None:
    request = _request(stack, tmp_path, expressions=("sad",))
    assert _train(request, if_changed=True).published
    assert not _train(request, if_changed=True).published
