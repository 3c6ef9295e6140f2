"""Smooth pictures that are functions of place, so that they can be seen anywhere, and displacements of all kinds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.tiles import Region
from fesdist.shape.warping import Displacement


def texture(down: NDArray[np.float64], right: NDArray[np.float64], seed: int = 0, waves: int = 12) -> NDArray[np.uint8]:
    """Return a sum of waves of 8 to 24 pixels at the given places, (row, col) uint8 in 60..196."""
    random = np.random.default_rng(seed)
    length, angle = random.uniform(8, 24, waves), random.uniform(0, 2 * np.pi, waves)
    total = np.zeros(down.shape)
    for wave, turn, start in zip(2 * np.pi / length, angle, random.uniform(0, 2 * np.pi, waves), strict=True):
        total += np.sin(wave * (np.cos(turn) * down + np.sin(turn) * right) + start)
    found: NDArray[np.uint8] = np.rint(128 + 68 * np.tanh(total / np.sqrt(waves))).astype(np.uint8)
    return found


def places(shape: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rows and columns of all pixels, each (row, col) float64."""
    down, right = np.indices(shape).astype(np.float64)
    return down, right


def smooth_displacement(shape: tuple[int, int], largest: float, seed: int = 0) -> Displacement:
    """Return a displacement that is nothing at the image's edges, and `largest` pixels or nearly so in its middle."""
    down, right = places(shape)
    hill = np.sin(np.pi * (down + 0.5) / shape[0]) * np.sin(np.pi * (right + 0.5) / shape[1])
    turn = 2.4 * seed + 0.7
    return Displacement((largest * np.stack([np.sin(turn) * hill, np.cos(turn) * hill])).astype(np.float32))


def rough_displacement(shape: tuple[int, int], largest: float, seed: int = 0) -> Displacement:
    """Return a displacement in which neighbours know nothing of each other."""
    return Displacement(np.random.default_rng(seed).uniform(-largest, largest, (2, *shape)).astype(np.float32))


def over_all(displacement: Displacement) -> NDArray[np.float32]:
    """Return a displacement at every pixel of its images, (axis, row, col)."""
    rows, cols = displacement.image_shape
    return displacement.over(Region(0, rows, 0, cols))
