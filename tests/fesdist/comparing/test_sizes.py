"""Parameters and bytes of trained models, counted another way: over files and arrays as they are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.comparing.sizes import Size, size_of
from fesdist.registry import (
    AnyModel,
    KernelReducedRank,
    Lasso,
    MaskedRegression,
    OrthogonalMatchingPursuit,
    PixelKernelRidge,
    PrincipalComponents,
)
from fesdist.training.job import TrainingRequest
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from tests.fesdist.training.stacks import write_stack

SIDE = 40


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", side=SIDE))


def trained(stack: str, store: Path, model: AnyModel) -> WeightVersion:
    train(TrainingRequest(stack, str(store), "small", model), InProcessCluster(), memory=1 << 30)
    return WeightStore(str(store)).open("small")


def file_bytes(store: Path, version: WeightVersion, *names: str) -> int:
    group = store / "small" / version.manifest.data / "happy"
    return sum(file.stat().st_size for name in names for file in (group / name).rglob("*") if file.is_file())


def test_taps_beyond_the_border_are_no_parameters(stack: str, tmp_path: Path) -> None:
    version = trained(stack, tmp_path, MaskedRegression.with_window(3))
    inside = (3 * SIDE - 2) ** 2
    assert size_of(version, "happy") == Size(inside + SIDE**2, file_bytes(tmp_path, version, "weights", "bias"))


def test_indices_take_bytes_and_are_no_parameters(stack: str, tmp_path: Path) -> None:
    version = trained(stack, tmp_path, OrthogonalMatchingPursuit(3))
    stored = file_bytes(tmp_path, version, "support", "values", "bias")
    assert size_of(version, "happy") == Size((3 + 1) * SIDE**2, stored)


def test_certificates_are_not_counted(stack: str, tmp_path: Path) -> None:
    version = trained(stack, tmp_path, Lasso(l1=5.0))
    numbers = sum(np.count_nonzero(version.read("happy", name)) for name in ("values", "bias"))
    assert size_of(version, "happy") == Size(numbers, file_bytes(tmp_path, version, "support", "values", "bias"))


def test_tables_of_outputs_count_whole(stack: str, tmp_path: Path) -> None:
    version = trained(stack, tmp_path, PixelKernelRidge())
    assert size_of(version, "happy") == Size(256 * SIDE**2, file_bytes(tmp_path, version, "outputs"))


def test_one_array_that_encodes_and_decodes_counts_once(stack: str, tmp_path: Path) -> None:
    version = trained(stack, tmp_path, PrincipalComponents(4))
    assert size_of(version, "happy") == Size(5 * SIDE**2, file_bytes(tmp_path, version, "decoder", "bias"))


def test_training_images_in_a_model_are_parameters(stack: str, tmp_path: Path) -> None:
    version = trained(stack, tmp_path, KernelReducedRank(4))
    names = ("encoder", "decoder", "bias", "mixing", "squared_norms", "distance_scale")
    numbers = sum(int(np.count_nonzero(version.read("happy", name))) for name in names)
    assert version.read("happy", "encoder").dtype == np.uint8
    assert size_of(version, "happy") == Size(numbers, file_bytes(tmp_path, version, *names))
