"""Photographs in another light than those that a model learned from, shown to it in that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.exposure import Exposure, Relighting
from fesdist.inference.blocks import Threads, blocks_of
from fesdist.inference.intensities import Images, unit_scale
from storage.blobs.documents import convert
from storage.datasets.manifest import Manifest


def exposure_of(manifest: Manifest) -> Exposure | None:
    """Return in what light a version learned, None if it does not say; raises FormatError where that is nothing."""
    if manifest.exposure is None:
        return None
    return convert(Exposure, manifest.exposure, f"exposure of {manifest.reference}")


def relit(
    outputs: Images,
    inputs: NDArray[Any],
    relighting: Relighting,
    make: Callable[[Images], Images],
    threads: Threads,
    *,
    clipped: bool,
) -> None:
    """Make `outputs` x + (y(l) - l) / c, l = c x + a, where l is not x; elsewhere they are that already.

    What a linear model adds to any photograph, its intercept, is what it learned in good light, and glows in a dark
    face. `inputs` x are (sample, channel, row, col), uint8 or floating point in [0, 1]; l stays there as well, and c
    and a are `relighting`; `make` is y, unclipped.
    """
    lit = relighting.lit
    scale, shift = (values[lit, None, None, None] for values in relighting)
    light = np.empty((len(lit), *inputs.shape[1:]), np.float32)
    blocks = blocks_of(light.shape, threads.number)

    def lighten(block: slice) -> None:
        seen = unit_scale(inputs[lit[block]])
        made = np.add(scale[block] * seen, shift[block], out=light[block])
        # What was moved may exceed 0 and 1 at its edges.
        np.minimum(made, np.maximum(seen, 1), out=made)
        np.maximum(made, np.minimum(seen, 0), out=made)

    threads.map(lighten, blocks)
    made = make(light)

    def put(block: slice) -> None:
        change = np.subtract(made[block], light[block])
        change /= scale[block]
        change += unit_scale(inputs[lit[block]])
        outputs[lit[block]] = np.clip(change, 0, 1, out=change) if clipped else change

    threads.map(put, blocks)
