"""What OMP and LSRF have in common: input pixels are picked one by one, each time the best for what is left."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fesdist.families.common.fit import Fit
from fesdist.families.common.hyperparameters import positive, positive_count, ridge_option
from fesdist.families.common.layout import TileArrays
from fesdist.families.sparse.kernels.atoms import measure_atoms
from fesdist.families.sparse.kernels.directions import most_directions, registers
from fesdist.families.sparse.kernels.locality import Locality, no_locality
from fesdist.families.sparse.kernels.screening import COLUMNS, panel_bytes
from fesdist.families.sparse.kernels.selection import AT_ONCE, Fields, Selection
from fesdist.families.sparse.model import SparseModel
from fesdist.families.sparse.samples import KeptSamples
from fesdist.ground.options import option
from fesdist.ground.units import unit_of


@dataclass(frozen=True)
class GreedyModel(SparseModel):
    """Greedy selection of `n_nonzero` input pixels for each output pixel, with a ridge fit after each pick.

    The atoms are compared by their directions, so 8-bit samples need no scaling but for the fits: with u = 255 x
    their system is (UᵀU + 255² ridge I) w = Uᵀv, integers but for the ridge, and 255 in the bias's column. Status 2
    marks a pixel with fewer taps than `n_nonzero`: no other input pixel varies, or is independent of those picked.
    Raises BadParameterError for a ridge that is not positive and for fewer than one pixel.
    """

    n_nonzero: int = option(5, "input pixels that an output pixel reads", metavar="F")
    """F: input pixels that an output pixel is made from."""
    ridge: float = ridge_option(0.4)

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_nonzero", positive_count("n_nonzero", self.n_nonzero, 5))
        object.__setattr__(self, "ridge", positive("ridge", self.ridge, 0.4))

    @property
    def n_taps(self) -> int:
        return self.n_nonzero

    def describe(self) -> str:
        """Return the model in a few words, for people."""
        return f"{self.n_nonzero} input pixel{'s' if self.n_nonzero > 1 else ''} of all, ridge {self.ridge:g}"

    def locality_of(self, image_shape: tuple[int, int], unit: float) -> Locality:
        """Return what is added to the scores, `unit` standing for intensity 1."""
        return no_locality(image_shape)

    def solving_bytes(self, fit: Fit, tile_shape: tuple[int, int]) -> int:
        outputs, fit_channels = math.prod(tile_shape), fit.colour.channels_per_fit(fit.channels)
        values = fit.n_pixels + fit.n_expressions * outputs
        length, blocks = registers(fit.n_samples), -(-fit.n_pixels // COLUMNS)
        atoms = values * fit_channels * length * fit.itemsize + fit.n_pixels * (fit_channels * 17 + 17)
        panels, n_directions = (size(fit.n_pixels, fit_channels * length) for size in (panel_bytes, most_directions))
        order = self.n_nonzero + 1
        room = AT_ONCE * (
            4 * blocks + fit_channels * (8 * length + 8) + 10 * n_directions + 8 * order * (order + 4) + 88
        )
        tables = sum(array.nbytes for array in self.locality_of(fit.image_shape, 1.0) if isinstance(array, np.ndarray))
        solved = fit.n_expressions * (fit.weight_channels * (self.n_nonzero * 12 + 25) + fit.channels * 12) * outputs
        return atoms + panels + room + 3 * tables + solved

    def fill(self, statistics: KeptSamples, solved: Mapping[str, TileArrays]) -> None:
        unit, region = unit_of(statistics.dtype), statistics.problem.tile.region
        locality = self.locality_of(statistics.image_shape, unit)
        for number in range(statistics.problem.weight_channels):
            inputs, *targets = statistics.vectors(number)
            atoms = measure_atoms(inputs, statistics.n_samples)
            selection = Selection(atoms, locality, self.n_nonzero, unit**2 * self.ridge, unit)
            for arrays, target in zip(solved.values(), targets, strict=True):
                fields = Fields(*(arrays[name][number] for name in Fields._fields))
                selection.fill(target, (region.row0, region.col0), fields)
