"""The model of a version at work: outputs of images, band by band, as many images at a time as suit the caches."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.exposure import Relighting
from fesdist.ground.refinement import ALPHAS, Refinement
from fesdist.ground.refinement import refine as blend
from fesdist.inference.bands import Band, BandCache
from fesdist.inference.blocks import Threads, blocks_of
from fesdist.inference.checked import CheckedVersion
from fesdist.inference.codes import ImageEncoder
from fesdist.inference.intensities import Images, unit_scale
from fesdist.inference.lit import relit


class ModelOutputs:
    """Makes outputs of single expressions; weights are kept within `memory` bytes. Several threads may use one."""

    def __init__(self, checked: CheckedVersion, memory: int, threads: Threads) -> None:
        self._model, self._threads = checked.model, threads
        self._encoder: ImageEncoder | None = None
        if (image_pass := self._model.image_pass()) is not None:
            memory //= 2
            self._encoder = ImageEncoder(checked, image_pass, memory)
        self._cache = BandCache(checked, (*self._model.reads, *ALPHAS.values()), memory)
        self._image_shape = checked.manifest.image_shape
        self.refinements = tuple(way for way in Refinement if way not in ALPHAS or ALPHAS[way] in self._cache.names)
        """In which outputs can be refined."""

    def make(
        self,
        inputs: NDArray[Any],
        expression: str,
        way: Refinement,
        intensity: float,
        *,
        relighting: Relighting | None = None,
        into: Images | None = None,
    ) -> Images:
        """Return x + intensity alpha (y - x) of inputs x, (sample, channel, row, col), `relighting` them as `relit`.

        What goes `into` something is clipped to [0, 1].
        """
        if relighting is None or len(relighting.lit) < len(inputs):
            outputs = self._made(inputs, expression, way, intensity, into)
        else:
            outputs = np.empty(inputs.shape, np.float32) if into is None else into
        if relighting is not None:

            def make(light: Images) -> Images:
                return self._made(light, expression, way, intensity, None)

            relit(outputs, inputs, relighting, make, self._threads, clipped=into is not None)
        return outputs

    def _made(
        self, inputs: NDArray[Any], expression: str, way: Refinement, intensity: float, into: Images | None
    ) -> Images:
        outputs, clipped = np.empty(inputs.shape, np.float32) if into is None else into, into is not None
        refined = way in ALPHAS or intensity != 1
        once = self._model.puts_once and clipped and not refined
        blocks = blocks_of(inputs.shape, self._threads.number, once=once)
        codes = self._encoder.codes(inputs, expression, blocks, self._threads.map) if self._encoder and blocks else None

        def fill(band: Band, samples: slice) -> None:
            rows, cols = band.region.slices
            seen, padding = self._model.inputs_of(band.region, self._image_shape)
            given = inputs[samples, :, *seen.slices] if codes is None else codes[samples]
            made = outputs[samples, :, rows, cols]
            if clipped and not refined:
                self._model.put(band.arrays, given, padding, made)
                return
            full = self._model.apply(band.arrays, given, padding)
            if refined:
                alpha = band.arrays[ALPHAS[way]] if way in ALPHAS else 1
                full = blend(unit_scale(inputs[samples, :, rows, cols]), full, alpha, intensity)
            if clipped:
                np.clip(full, 0, 1, out=made)
            else:
                made[...] = full

        for band in self._cache.bands(expression):
            self._threads.map(fill, [band] * len(blocks), blocks)
        return outputs
