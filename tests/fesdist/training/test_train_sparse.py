"""Models that look at the whole image, from a stack to photographs and a report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.ground.colour import Colour
from fesdist.inference.loaded import LoadedVersion
from fesdist.registry import AnyModel, LocalSparseReceptiveFields, OrthogonalMatchingPursuit
from fesdist.report.build import write_report
from fesdist.training.job import TrainingRequest, define_job
from fesdist.training.plan import make_plan
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from storage.stack.reading import TrainingStack
from tests.fesdist import reference
from tests.fesdist.families.problems import train as train_in_memory
from tests.fesdist.training.stacks import write_stack

SIDE = 70
MODELS = [OrthogonalMatchingPursuit(2), LocalSparseReceptiveFields(5)]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> TrainingStack:
    path = write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", side=SIDE, people=16, expressions=("happy",))
    return TrainingStack.open(str(path))


@pytest.fixture(scope="module", params=MODELS, ids=lambda model: model.name)
def model(request: pytest.FixtureRequest) -> AnyModel:
    chosen: AnyModel = request.param
    return chosen


@pytest.fixture(scope="module")
def store(stack: TrainingStack, model: AnyModel, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a store with a version `faces`."""
    store = str(tmp_path_factory.mktemp("store"))
    train(TrainingRequest(stack.path, store, "faces", model), InProcessCluster(), memory=1 << 30)
    return store


@pytest.fixture
def version(store: str) -> WeightVersion:
    return WeightStore(store).open("faces")


def test_tiles_of_a_run_have_the_bits_of_one_fit_in_memory(
    stack: TrainingStack, model: AnyModel, version: WeightVersion
) -> None:
    samples = stack.samples("happy", "train")
    whole = slice(0, SIDE), slice(0, SIDE)
    inputs, targets = (stack.read(name, samples, *whole) for name in ("neutral", "happy"))
    solved = train_in_memory(model, inputs, {"happy": targets}, colour=Colour.SHARED)["happy"]
    for name, values in solved.items():
        assert np.array_equal(version.read("happy", name), values), name


def test_photographs_are_made_from_pixels_of_the_whole_image(stack: TrainingStack, version: WeightVersion) -> None:
    images = stack.read("neutral", np.array([3, 7]), slice(0, SIDE), slice(0, SIDE))
    made = LoadedVersion(version).synthesize(images, "happy")
    support, values, bias = (version.read("happy", name)[0] for name in ("support", "values", "bias"))
    expected = reference.apply_support(support, values, bias, images[1, 2] / 255)
    np.testing.assert_allclose(made[1, 2], np.clip(expected, 0, 1), atol=2e-5)


def test_a_report_shows_how_local_the_fields_are(store: str, tmp_path: Path) -> None:
    write_report(store, "faces", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "Distance of the input pixels" in page
    assert "Norm of the receptive field" in page
    assert "Weights, tap by tap" not in page


def test_the_plan_counts_the_samples_that_are_kept(stack: TrainingStack, model: AnyModel) -> None:
    job = define_job(TrainingRequest(stack.path, "", "faces", model), stack)
    plan = make_plan(job, stack, 1 << 30, 1)
    assert plan.projected_bytes > SIDE * SIDE * 3 * job.n_samples


@pytest.mark.parametrize("make", [OrthogonalMatchingPursuit, LocalSparseReceptiveFields])
def test_more_taps_than_an_image_has_pixels(make: Callable[[int], AnyModel], tmp_path: Path) -> None:
    path = write_stack(tmp_path / "stack.zarr", side=6, people=3, expressions=("happy",), holdout=0.0)
    request = TrainingRequest(str(path), str(tmp_path), "faces", make(200), Colour.GRAY)
    train(request, InProcessCluster(), memory=1 << 30)
    version = WeightStore(str(tmp_path)).open("faces")
    support = version.read("happy", "support")
    assert ((support >= 0).sum(axis=1) <= 6 * 6).all()
    assert np.isfinite(LoadedVersion(version).synthesize(np.full((1, 3, 6, 6), 99, np.uint8), "happy")).all()
