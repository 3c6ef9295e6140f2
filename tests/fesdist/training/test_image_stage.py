"""Training with a stage before the tiles: the same bits however it is cut, interrupted, resumed or damaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fesdist.cluster.connect import open_cluster
from fesdist.cluster.in_process import InProcessCluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.families.coded.model import CodedModel
from fesdist.ground.colour import Colour
from fesdist.ground.errors import PlanError, TileError
from fesdist.ground.tiles import Tile
from fesdist.inference.loaded import LoadedVersion
from fesdist.registry import BilinearKernelReducedRank, KernelReducedRank, PrincipalComponents, RidgeRegression
from fesdist.training import image_stage
from fesdist.training.job import SampleGroup, TrainingRequest, define_job
from fesdist.training.plan import make_plan
from fesdist.training.run import TrainingResult, train
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack
from tests.fesdist.families.coded.problems import apply_coded, train_coded
from tests.fesdist.families.problems import random_images
from tests.fesdist.training.stacks import write_stack

GIB = 1 << 30
MODELS: dict[str, CodedModel] = {
    "ridge": RidgeRegression(0.4),
    "pca": PrincipalComponents(5),
    "krrr": KernelReducedRank(5),
    "bkrrr": BilinearKernelReducedRank(5),
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Three people lack an expression, and fewer are held out.
    return write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", side=100, people=10, lacking={"sad": [1, 2, 3]})


def _request(stack: Path, store: Path, **changes: object) -> TrainingRequest:
    request = TrainingRequest(str(stack), str(store), "random", MODELS["krrr"])
    return replace(request, **changes)  # type: ignore[arg-type]


def _train(request: TrainingRequest, **options: object) -> TrainingResult:
    return train(request, InProcessCluster(), **({"memory": GIB} | options))  # type: ignore[arg-type]


def _checksums(store: Path) -> dict[str, str]:
    return WeightStore(str(store)).open("random@1").checksums


@pytest.fixture(scope="module")
def undisturbed(stack: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    store = tmp_path_factory.mktemp("undisturbed")
    _train(_request(stack, store))
    return _checksums(store)


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.parametrize("colour", list(Colour))
def test_a_version_makes_what_its_samples_say(stack: Path, tmp_path: Path, name: str, colour: Colour) -> None:
    """Against the same model in memory; `happy` and `sad` have other people, so each is a group of its own."""
    metrics = _train(_request(stack, tmp_path, model=MODELS[name], colour=colour)).metrics.expressions
    opened = TrainingStack.open(stack)
    version = WeightStore(str(tmp_path)).open("random")
    assert version.verify() == []
    loaded = LoadedVersion(version)
    whole = slice(None), slice(None)
    n_samples = len(opened.samples("happy", "train"))
    for expression in ("happy", "sad"):
        inputs, targets = (opened.read(e, opened.samples(expression), *whole) for e in ("neutral", expression))
        held_out = opened.samples(expression, "holdout")
        images, afters = (opened.read(e, held_out, *whole) for e in ("neutral", expression))
        trained = train_coded(MODELS[name], inputs, {expression: targets}, colour=colour, n_samples=n_samples)
        expected = np.clip(apply_coded(MODELS[name], trained[expression], images), 0, 1)
        made = loaded.synthesize(images, expression)
        np.testing.assert_allclose(made, expected, atol=1e-5)
        error = 100 * np.mean((made - afters / 255) ** 2)
        assert metrics[expression].face.mse_x100 == pytest.approx(error, rel=1e-4)


@pytest.mark.parametrize("side", [64, 512])
def test_tiles_do_not_change_the_bits(
    stack: Path, tmp_path: Path, undisturbed: dict[str, str], side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fesdist.training.plan.LARGEST_TILE", side)
    monkeypatch.setattr("fesdist.training.plan.TILES_PER_WORKER", 0.01)
    assert _train(_request(stack, tmp_path)).n_tiles == {64: 4, 512: 1}[side]
    assert _checksums(tmp_path) == undisturbed


def test_blocks_of_samples_do_not_change_the_bits(
    stack: Path, tmp_path: Path, undisturbed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fesdist.training.plan.SAMPLES_AT_ONCE", 3)
    monkeypatch.setattr("fesdist.training.image_stage.SAMPLES_AT_ONCE", 3)
    _train(_request(stack, tmp_path))
    assert _checksums(tmp_path) == undisturbed


def test_two_workers_compute_the_same_bits(stack: Path, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    with open_cluster(ClusterSettings(workers=2)) as cluster:
        train(_request(stack, tmp_path), cluster, memory=GIB)
    assert _checksums(tmp_path) == undisturbed


@pytest.mark.parametrize("reports", [2, 6])
def test_an_interrupted_run_continues_in_either_stage(
    stack: Path, tmp_path: Path, undisturbed: dict[str, str], reports: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def interrupt(done: float, total: int, note: str) -> None:
        if done and done % 1 == 0 and note in ("image pass", ""):  # no part of a tile
            seen.append(note)
        if len(seen) == reports:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _train(_request(stack, tmp_path), on_progress=interrupt)
    assert seen == (["image pass"] * 4 + [""] * 2)[:reports]
    assert WeightStore(str(tmp_path)).names() == []
    regions: list[object] = []
    read = image_stage.region_images
    monkeypatch.setattr(image_stage, "region_images", lambda *given: regions.append(given[-1]) or read(*given))
    result = _train(_request(stack, tmp_path))
    # Two groups of expressions in each of the tiles that are left.
    assert len(regions) == {2: 4, 6: 0}[reports]
    assert result.n_resumed == {2: 0, 6: 2}[reports]
    assert _checksums(tmp_path) == undisturbed


def test_damaged_notes_are_made_again(stack: Path, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    def interrupt(done: float, total: int, note: str) -> None:
        if done == 1 and not note:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _train(_request(stack, tmp_path), on_progress=interrupt)
    for name in ("image-pass-0000-000001", "solution-0000"):
        (file,) = tmp_path.glob(f"random/drafts/*/notes/{name}.npz")
        file.write_bytes(file.read_bytes()[:100])
    _train(_request(stack, tmp_path))
    assert _checksums(tmp_path) == undisturbed


def test_notes_do_not_outlive_the_run(stack: Path, tmp_path: Path) -> None:
    _train(_request(stack, tmp_path))
    assert not list(tmp_path.rglob("*.npz"))


def test_a_tile_that_fails_in_the_image_pass_is_named(
    stack: Path, tmp_path: Path, undisturbed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    original = image_stage.ImageStage.find

    def fail_on_two(stage: image_stage.ImageStage, tile: Tile, group: int) -> object:
        if tile.index == 2:
            raise ValueError("a bad day")
        return original(stage, tile, group)

    with monkeypatch.context() as patch:
        patch.setattr(image_stage.ImageStage, "find", fail_on_two)
        with pytest.raises(TileError, match=r"1 of 4 tiles failed, tile 2 \(rows 64:100, columns 0:64\): a bad day"):
            _train(_request(stack, tmp_path))
    _train(_request(stack, tmp_path))
    assert _checksums(tmp_path) == undisturbed


def test_samples_whose_products_do_not_fit_are_refused_with_the_figures(stack: Path, tmp_path: Path) -> None:
    opened = TrainingStack.open(stack)
    job = define_job(_request(stack, tmp_path, model=RidgeRegression()), opened)
    crowd = replace(job, groups=(SampleGroup(("happy",), tuple(range(2000))),))
    products = (3 * 2000) ** 2 * 8
    plan = make_plan(crowd, opened, 8 * GIB, 1)
    assert products < plan.image_pass_bytes < 20 * products
    with pytest.raises(
        PlanError,
        match=r"1024 MiB are allowed, but comparing each image with each other for model 'ridge', 2000 samples .* "
        r"needs \d+ MiB .*; give --memory \d+MiB",
    ):
        make_plan(crowd, opened, GIB, 1)


def test_a_version_is_applied_in_bounded_memory_with_the_same_bits(stack: Path, tmp_path: Path) -> None:
    _train(_request(stack, tmp_path))
    version = WeightStore(str(tmp_path)).open("random")
    images = random_images((9, 3, 100, 100), seed=5)
    plenty = LoadedVersion(version)
    # Room for a band of 64 rows in each half: eight training images of three channels, as bytes, count as float32.
    tight = LoadedVersion(version, memory=2 * 6 * 24 * 64 * 100 * 4, threads=3)
    for expression in ("sad", "happy", "sad"):
        assert np.array_equal(tight.synthesize(images, expression), plenty.synthesize(images, expression))
    assert plenty.synthesize(images[:0], "sad").shape == (0, 3, 100, 100)
