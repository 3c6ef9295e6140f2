"""The loops of the authors' scripts for OMP and LSRF, as literally as their published results allow to check.

The output pixels pass one after the other in Python (their scripts hand them to processes, each of which does this).
Arrays are (sample, pixel, channel) as there, so that products with one channel gather it from among the others anew.
The inputs are centred and normalised once. What is made again for each pixel and pick, there as here: the scores of
all input pixels from the whole residual, the Gram matrix and right-hand side of all that is picked, its inverse; and
for LSRF dist(k, j) of every input pixel j that is not picked, field by field, pixel by pixel, with numpy's norm of each
difference, although it never changes. Windows and fields are lists that are made once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.families.sparse.lsrf import initial_field
from tests.benchmarks.faces import Images

Floats = NDArray[np.float64]
Places = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Greedy:
    """What one output pixel is made from."""

    support: list[int]
    """Input pixels in the order of selection."""
    weights: Floats
    """(tap + 1): those of the support, then the bias."""


@dataclass(frozen=True)
class LiteralLoop:
    """OMP, or LSRF with a locality above 0, one set of weights for all channels; images are scaled to [0, 1]."""

    inputs: Images
    targets: Images
    n_nonzero: int
    ridge: float
    locality: float = 0.0

    def fit(self, outputs: Iterable[int]) -> list[Greedy]:
        """Return the fields of some output pixels."""
        design, targets = _by_pixel(self.inputs), _by_pixel(self.targets)
        normalised = design - design.mean(axis=0)
        norms = np.linalg.norm(normalised, axis=0)
        # Theirs divides by zero where an input pixel is the same in all pictures: here such a pixel is like nothing.
        np.divide(normalised, norms, out=normalised, where=norms > 0)
        design = np.concatenate([design, np.ones((len(design), 1, design.shape[2]))], axis=1)
        places = list(np.ndindex(self.inputs.shape[2:]))
        fields = [self._inside(place, initial_field(self.n_nonzero)) for place in places]
        windows = [self._inside(place, _square(isqrt(self.n_nonzero) // 2)) for place in places]
        return [
            self._pixel(design, normalised, targets[:, k], [fields[m] for m in windows[k]] if self.locality > 0 else [])
            for k in outputs
        ]

    def _pixel(self, design: Floats, normalised: Floats, target: Floats, fields: list[list[int]]) -> Greedy:
        _, n_pixels, channels = normalised.shape
        residual, support, weights = target, [], np.zeros(0)
        while len(support) < self.n_nonzero:
            products: Any = 0
            for channel in range(channels):
                products += np.dot(normalised[:, :, channel].T, residual[:, channel])
            scores = np.abs(products)
            if self.locality > 0:
                for j in range(n_pixels):
                    if j not in support:
                        distance = self._distance(fields, j)
                        # The middle of a field of its own comes first, whatever its product.
                        scores[j] += self.locality / distance if distance > 0 else np.inf
            scores[support] = -1.0
            support.append(int(np.argmax(scores)))
            columns = [*support, n_pixels]
            gram: Any = 0
            sides: Any = 0
            for channel in range(channels):
                gram += np.dot(design[:, columns, channel].T, design[:, columns, channel])
                sides += np.dot(design[:, columns, channel].T, target[:, channel])
            weights = np.dot(np.linalg.inv(gram + self.ridge * np.eye(len(columns))), sides)
            residual = target - np.tensordot(weights, design[:, columns], (0, 1))
        return Greedy(support, weights)

    def _distance(self, fields: list[list[int]], j: int) -> np.float64:
        """Return dist(k, j): the sum, over the fields around k, of the distance from j to their nearest pixels."""
        shape, total = self.inputs.shape[2:], np.float64(0)
        place = np.array(np.unravel_index(j, shape))
        for field in fields:
            distances = []
            for pixel in field:
                distances.append(np.linalg.norm(np.array(np.unravel_index(pixel, shape)) - place))
            total += min(distances)
        return total

    def _inside(self, pixel: tuple[int, ...], offsets: Places) -> list[int]:
        rows, cols = self.inputs.shape[2:]
        places = [(pixel[0] + drow, pixel[1] + dcol) for drow, dcol in offsets]
        return [row * cols + col for row, col in places if 0 <= row < rows and 0 <= col < cols]


def _square(reach: int) -> Places:
    steps = range(-reach, reach + 1)
    return [(drow, dcol) for drow in steps for dcol in steps]


def _by_pixel(images: Images) -> Floats:
    samples, channels, rows, cols = images.shape
    return np.ascontiguousarray(images.reshape(samples, channels, rows * cols).transpose(0, 2, 1)) / 255.0
