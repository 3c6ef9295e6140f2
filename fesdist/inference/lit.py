"""Photographs darker than those that a model learned from, shown to it in their light."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.exposure import Exposure
from fesdist.inference.blocks import Threads, blocks_of
from fesdist.inference.intensities import Images, unit_scale
from storage.blobs.documents import convert
from storage.datasets.manifest import Manifest

Gains = NDArray[np.float32]


def exposure_of(manifest: Manifest) -> Exposure | None:
    """Return in what light a version learned, None if it does not say; raises FormatError where that is nothing."""
    if manifest.exposure is None:
        return None
    return convert(Exposure, manifest.exposure, f"exposure of {manifest.reference}")


def relit(
    outputs: Images,
    inputs: NDArray[Any],
    gains: Gains,
    make: Callable[[Images], Images],
    threads: Threads,
    *,
    clipped: bool,
) -> None:
    """Make `outputs` x + (y(l) - l) / k, l = min(k x, max(x, 1)), where k is not 1; elsewhere they are that already.

    What a linear model adds to any photograph, its intercept, is what it learned in good light, and glows in a dark
    face. `inputs` x are (sample, channel, row, col), uint8 or floating point in [0, 1], `gains` k (sample,) as those of
    `Exposure`, `make` is y, unclipped.
    """
    dark = np.flatnonzero(gains > 1)
    k = gains[dark, None, None, None]
    light = np.empty((len(dark), *inputs.shape[1:]), np.float32)
    blocks = blocks_of(light.shape, threads.number)

    def lighten(block: slice) -> None:
        seen = unit_scale(inputs[dark[block]])
        # What was moved may exceed 1 at its edges.
        np.minimum(k[block] * seen, np.maximum(seen, 1), out=light[block])

    threads.map(lighten, blocks)
    made = make(light)

    def darken(block: slice) -> None:
        change = np.subtract(made[block], light[block])
        change /= k[block]
        change += unit_scale(inputs[dark[block]])
        outputs[dark[block]] = np.clip(change, 0, 1, out=change) if clipped else change

    threads.map(darken, blocks)
