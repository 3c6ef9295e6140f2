"""Heads of a few blobs, alike in place and unlike in all else, for tests of what lies as it should."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def head(person: int, shape: tuple[int, int] = (24, 20), down: float = 0.0, right: float = 0.0) -> NDArray[np.uint8]:
    """Return somebody's picture, (3, row, col), moved by parts of its sides."""
    random = np.random.default_rng(person)
    rows, cols = shape
    y, x = np.meshgrid((np.arange(rows) + 0.5) / rows - down, (np.arange(cols) + 0.5) / cols - right, indexing="ij")

    def blob(row: float, col: float, tall: float, wide: float) -> NDArray[np.float64]:
        row, col, tall, wide = np.array([row, col, tall, wide]) * random.normal(1, 0.03, 4)
        return np.asarray(np.exp(-(((y - row) / tall) ** 2) - ((x - col) / wide) ** 2))

    face = blob(0.5, 0.5, 0.45, 0.33)
    marks = blob(0.4, 0.33, 0.05, 0.08) + blob(0.4, 0.67, 0.05, 0.08) + blob(0.75, 0.5, 0.05, 0.18)
    hair = blob(0.05, 0.5, 0.15, 0.4)
    gray = random.uniform(20, 60) + random.uniform(80, 120) * face - random.uniform(40, 70) * (marks + hair)
    return np.asarray(np.clip(gray * np.array([1.1, 1.0, 0.9])[:, None, None], 0, 255), np.uint8)


def heads(people: range, shape: tuple[int, int] = (24, 20)) -> NDArray[np.uint8]:
    """Return the pictures of some people, (person, 3, row, col)."""
    return np.stack([head(person, shape) for person in people])
