"""Weights that are stored in float32: rounded once, half the bytes, and pictures with the same bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.cluster.in_process import InProcessCluster
from fesdist.ground.refinement import Refinement
from fesdist.inference.loaded import LoadedVersion
from fesdist.registry import MODELS
from fesdist.registry.options import model_from_options
from fesdist.training.job import Precision, TrainingRequest, define_job
from fesdist.training.plan import make_plan
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from storage.stack.reading import TrainingStack
from tests.fesdist.training.stacks import write_stack

GIB = 1 << 30
SIDE = 20


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", side=SIDE, people=8, expressions=("happy",))


def _request(model: str, stack: Path, store: Path, precision: Precision) -> TrainingRequest:
    options = {"window": 3} if model == "mr" else {}
    return TrainingRequest(
        str(stack), str(store), str(precision), model_from_options(model, options), precision=precision
    )


def _trained(model: str, stack: Path, store: Path, precision: Precision) -> WeightVersion:
    train(_request(model, stack, store, precision), InProcessCluster(), memory=GIB)
    return WeightStore(str(store)).open(str(precision))


def _pictures(version: WeightVersion, inputs: NDArray[np.uint8]) -> dict[Refinement, NDArray[np.float32]]:
    loaded = LoadedVersion(version)
    return {way: loaded.synthesize(inputs, "happy", refine=way) for way in (*loaded.refinements, Refinement.NONE)}


@pytest.mark.parametrize("model", MODELS)
def test_pictures_have_the_same_bits(model: str, stack: Path, tmp_path: Path) -> None:
    double, single = (_trained(model, stack, tmp_path, precision) for precision in Precision)
    names = list(double.group["happy"].array_keys())  # type: ignore[union-attr]
    rounded = [name for name in names if _dtypes(double, single, name) == ("float64", "float32")]
    assert rounded or model == "pixel-kr", "whose tables are in float32 anyway"
    for name in names:
        stored, exact = single.read("happy", name, None), double.read("happy", name, None)
        assert np.array_equal(stored, exact.astype(stored.dtype), equal_nan=True), name
        assert name in rounded or stored.dtype == exact.dtype
    inputs = np.random.default_rng(7).integers(0, 256, (3, 3, SIDE, SIDE), dtype=np.uint8)
    expected, found = _pictures(double, inputs), _pictures(single, inputs)
    assert all(np.array_equal(found[way], pictures) for way, pictures in expected.items())
    assert not np.array_equal(expected[Refinement.NONE], inputs / np.float32(255))


def test_half_the_bytes_are_planned_and_a_plan_is_another_job(stack: Path, tmp_path: Path) -> None:
    opened = TrainingStack.open(str(stack))
    jobs = [define_job(_request("mr", stack, tmp_path, precision), opened) for precision in Precision]
    double, single = (make_plan(job, opened, GIB, 1).stored_bytes for job in jobs)
    assert double - single == 10 * 4 * SIDE * SIDE, "nine weights and a bias a pixel"
    assert jobs[0].digest() != jobs[1].digest()


def _dtypes(double: WeightVersion, single: WeightVersion, name: str) -> tuple[Any, Any]:
    return tuple(str(version.read("happy", name, None).dtype) for version in (double, single))  # type: ignore[return-value]
