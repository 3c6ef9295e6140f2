"""Small pictures on disk, drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fesdist.images.ingest import ingest
from storage.stack.reading import TrainingStack

Pixels = NDArray[np.uint8]
Save = Callable[..., Path]


@pytest.fixture
def rgb() -> Pixels:
    """Return pixels (row, col, channel) of a wide picture, all different from their mirror images."""
    return np.random.default_rng(1).integers(0, 256, (6, 10, 3), dtype=np.uint8)


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Return `save(name, picture, **options) -> path`; a picture is an array or a Pillow image."""

    def save(name: str, picture: Pixels | Image.Image, **options: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
        image.save(path, **options)
        return path

    return save


@pytest.fixture
def save_face(save: Save) -> Save:
    """Return `save_face(name, seed, shape) -> path`: random RGB pixels of a seed in a file."""

    def save_face(name: str, seed: int = 0, shape: tuple[int, int] = (8, 8)) -> Path:
        return save(name, np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8))

    return save_face


@pytest.fixture
def folder(tmp_path: Path, save_face: Save) -> Path:
    """Return ten people, neutral and happy, 8 x 8 RGB."""
    for number in range(10):
        for seed, expression in enumerate(("neutral", "happy")):
            save_face(f"pairs/{expression}/{number}.png", seed=10 * number + seed)
    return tmp_path / "pairs"


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    return tmp_path / "stack.zarr"


def ingested(folder: Path, stack: Path, holdout: float | list[str] | None = None) -> TrainingStack:
    """Return the stack of a folder that was read just now."""
    ingest(folder, stack, holdout=holdout)
    return TrainingStack.open(stack)
