"""Images whose neighbouring pixels are alike, drawn or photographed, and sparse weights as matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from fesdist.families.common.layout import Array


def smooth_images(n: int, channels: int, shape: tuple[int, int], seed: int) -> Array:
    """Return images whose neighbouring pixels are alike, as in photographs."""
    noise = np.random.default_rng(seed).normal(size=(n, channels, *shape))
    for axis in (2, 3):
        noise = noise + 0.9 * np.roll(noise, 1, axis) + 0.6 * np.roll(noise, 2, axis)
    return np.clip(128 + 25 * noise, 0, 255).astype(np.uint8)


def photographs(folder: Path) -> Array:
    """Return forty photographs of 32 x 32 pixels."""
    files = sorted(folder.iterdir())[:40]
    images = [np.asarray(Image.open(file).convert("RGB").resize((32, 32), Image.Resampling.BOX)) for file in files]
    return np.array(images).transpose(0, 3, 1, 2)


def dense(solved: dict[str, Array], number: int = 0) -> Array:
    """Return the weights and, last, the bias of one set as a matrix (output pixel, input pixel + 1)."""
    support = solved["support"][number].reshape(solved["support"].shape[1], -1)
    values = solved["values"][number].reshape(support.shape)
    matrix = np.zeros((support.shape[1], support.shape[1] + 1))
    for taps, weights in zip(support, values, strict=True):
        used = taps >= 0
        matrix[np.flatnonzero(used), taps[used]] = weights[used]
    matrix[:, -1] = solved["bias"][number].ravel()
    return matrix
