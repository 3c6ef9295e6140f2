"""What OMP and LSRF have in common: input pixels are picked one by one, each time the best for what is left."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fesdist.kernels.atoms import measure_atoms
from fesdist.kernels.lanes import LANES
from fesdist.kernels.locality import Locality, no_locality
from fesdist.kernels.refits import empty_fits
from fesdist.kernels.screening import COLUMNS, GROUP, make_panels
from fesdist.kernels.selection import AT_ONCE, select
from fesdist.models.base import TileArrays
from fesdist.models.fit import Fit
from fesdist.models.hyperparameters import positive, positive_count
from fesdist.models.sample_statistics import SampleStatistics
from fesdist.models.sparse import SparseModel
from fesdist.models.vectors import unit_of


@dataclass(frozen=True)
class GreedyModel(SparseModel):
    """Greedy selection of `n_nonzero` input pixels for each output pixel, with a ridge fit after each pick.

    The atoms are compared by their directions, so 8-bit samples need no scaling but for the fits: with u = 255 x
    their system is (UᵀU + 255² ridge I) w = Uᵀv, integers but for the ridge, and 255 in the bias's column. Status 2
    marks a pixel with fewer taps than `n_nonzero`: no other input pixel varies, or is independent of those picked.
    Raises BadParameterError for a ridge that is not positive and for fewer than one pixel.
    """

    n_nonzero: int = 5
    """F: input pixels that an output pixel is made from."""
    ridge: float = 0.4

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
        length = -(-fit.n_samples // LANES) * LANES
        blocks = -(-fit.n_pixels // COLUMNS)
        steps = length // 2 if fit.itemsize == 1 else length
        atoms = values * fit_channels * length * fit.itemsize + fit.n_pixels * (fit_channels * 17 + 9)
        panels = blocks * fit_channels * COLUMNS * 4 * (steps + 1)
        order = self.n_nonzero + 1
        room = AT_ONCE * (4 * blocks + fit_channels * (8 * length + 4 * steps) + 8 * order * (order + 4) + 64)
        tables = sum(array.nbytes for array in self.locality_of(fit.image_shape, 1.0) if isinstance(array, np.ndarray))
        solved = fit.n_expressions * (fit.weight_channels * (self.n_nonzero * 12 + 25) + fit.channels * 12) * outputs
        return atoms + panels + room + 3 * tables + solved

    def fill(self, statistics: SampleStatistics, solved: Mapping[str, TileArrays]) -> None:
        unit = unit_of(statistics.dtype)
        locality = self.locality_of(statistics.image_shape, unit)
        for number in range(statistics.problem.weight_channels):
            self._solve_set(statistics, number, locality, unit, solved)

    def _solve_set(
        self,
        statistics: SampleStatistics,
        number: int,
        locality: Locality,
        unit: float,
        solved: Mapping[str, TileArrays],
    ) -> None:
        inputs, *targets = statistics.vectors(number)
        atoms = measure_atoms(inputs, statistics.n_samples)
        panels = make_panels(atoms)
        blocks, channels, steps, _ = panels.atoms.shape
        fits = empty_fits(AT_ONCE, self.n_nonzero, channels, inputs.shape[2])
        rounded = np.zeros((AT_ONCE // GROUP, channels, steps, GROUP), panels.atoms.dtype)
        peaks = np.empty((AT_ONCE, blocks), np.float32)
        region = statistics.problem.tile.region
        for arrays, target in zip(solved.values(), targets, strict=True):
            select(
                atoms,
                panels,
                locality,
                target,
                (region.row0, region.col0),
                self.ridge,
                unit,
                fits,
                rounded,
                peaks,
                arrays["support"][number],
                arrays["values"][number],
                arrays["bias"][number],
                arrays["status"][number],
            )
