"""The pairs that the authors' code was trained on, as that code reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from fesdist.families.common.layout import Array


def authors_images(folder: Path) -> Array:
    """Return (sample, channel, row, col) float64, each image scaled by its own minimum and maximum."""
    images = []
    for number in range(1, len(list(folder.iterdir())) + 1):
        pixels = np.asarray(Image.open(folder / f"img_{number}.png"), dtype=np.float64)
        pixels = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
        images.append((pixels - pixels.min()) / (pixels.max() - pixels.min()))
    return np.array(images)
