"""Codes of whole images: the pass over the image that comes before the outputs of some models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.image_pass import ImagePass
from fesdist.families.common.layout import Array
from fesdist.inference.bands import Band, BandCache
from fesdist.inference.checked import CheckedVersion

Each = Callable[[Callable[[slice], Array], Sequence[slice]], Iterable[Array]]
"""Calls a function on every slice and returns the results in the order of the slices, as `map` does."""


class ImageEncoder:
    """Makes the codes of images for any expression of a version, its encoders kept within `memory` bytes.

    Threads may share an encoder. Raises BadParameterError when `memory` is too small to read one band.
    """

    def __init__(self, version: CheckedVersion, image_pass: ImagePass[Any], memory: int) -> None:
        self._version = version
        self._pass = image_pass
        self._cache = BandCache(version, (image_pass.encoder,), memory)
        self._small: dict[str, dict[str, Array]] = {}
        self._lock = Lock()

    def codes(self, inputs: NDArray[Any], expression: str, blocks: Sequence[slice], each: Each) -> NDArray[np.float32]:
        """Return the codes (sample, channel, code) of images (sample, channel, row, col), in blocks of samples."""
        found: dict[int, list[Array]] = {}
        for band in self._cache.bands(expression):

            def of_band(samples: slice, band: Band = band) -> Array:
                return self._pass.encode(band.arrays, inputs[samples, :, *band.region.slices])

            found[band.region.row0] = list(each(of_band, blocks))
        # From top to bottom, whichever bands came first, so that the sums are always rounded in the same way.
        parts = [found[row] for row in sorted(found)]
        sums = [sum(pieces[1:], start=pieces[0]) for pieces in zip(*parts, strict=True)]
        small = self._small_arrays(expression)
        return np.concatenate([self._pass.codes(small, block) for block in sums])

    def _small_arrays(self, expression: str) -> dict[str, Array]:
        with self._lock:
            if expression not in self._small:
                read = {name: self._version.read(expression, name) for name in self._pass.small}
                self._small[expression] = read
            return self._small[expression]
