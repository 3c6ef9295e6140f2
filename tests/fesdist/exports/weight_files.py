"""Weights as the papers' programs save them, of images of 5 x 7 pixels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from fesdist.exports.npz.csr import Rows, write_rows
from fesdist.exports.npz.label import MEMBER

ROWS, COLS = 5, 7


def windows(seed: int) -> NDArray[np.float64]:
    """Return weights (K, K + 1) of 3 x 3 windows that are cut off at the border, one loop after the other."""
    random, matrix = np.random.default_rng(seed), np.zeros((ROWS * COLS, ROWS * COLS + 1))
    for row in range(ROWS):
        for col in range(COLS):
            for r in range(max(row - 1, 0), min(row + 2, ROWS)):
                for c in range(max(col - 1, 0), min(col + 2, COLS)):
                    matrix[row * COLS + col, r * COLS + c] = random.normal() / 9
    matrix[:, -1] = random.normal(size=len(matrix)) / 9
    return matrix


def anywhere(seed: int, most: int = 3) -> NDArray[np.float64]:
    """Return weights of one to `most` input pixels from anywhere."""
    random, matrix = np.random.default_rng(seed), np.zeros((ROWS * COLS, ROWS * COLS + 1))
    for pixel in range(len(matrix)):
        chosen = random.choice(len(matrix), random.integers(1, most + 1), replace=False)
        matrix[pixel, chosen] = random.normal(size=len(chosen)) / most
    matrix[:, -1] = random.normal(size=len(matrix)) / 9
    return matrix


def write_labelled(path: Path, said: dict[str, Any]) -> None:
    """Write weights as a release before 0.6.0 exported them, but for what is `said` of them."""
    label = {
        "reference": "a@1",
        "model": "omp",
        "parameters": {"n_nonzero": 3, "ridge": 0.4},
        "colour": "shared",
        "channels": 3,
        "image_shape": [ROWS, COLS],
        "expression": "sad",
        "input_expression": "neutral",
        "normalisation": "none",
        "set": 0,
        "sets": 1,
    }
    found = csr_array(anywhere(0))
    extra = {MEMBER: np.frombuffer(json.dumps(label | said).encode(), np.uint8)}
    path.write_bytes(write_rows(Rows(found.indptr, found.indices, found.data, extra)))
