"""What OMP and LSRF have in common: input pixels are picked one by one, each time the best for what is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from fesdist.families.common.fit import Fit
from fesdist.families.common.hyperparameters import positive, positive_count, ridge_option
from fesdist.families.common.layout import TileArrays
from fesdist.families.sparse.kernels.atoms import measure_atoms, measures
from fesdist.families.sparse.kernels.locality import Locality, Rule, make_locality, no_rule, tables_of
from fesdist.families.sparse.kernels.near import near_of
from fesdist.families.sparse.kernels.refits import fits_of
from fesdist.families.sparse.kernels.screening import making_panels, panels_of, residuals_of
from fesdist.families.sparse.kernels.search import search_of
from fesdist.families.sparse.kernels.selection import AT_ONCE, Fields, Selection
from fesdist.families.sparse.memory import put_together, whole_registers
from fesdist.families.sparse.model import SparseModel
from fesdist.families.sparse.samples import KeptSamples
from fesdist.ground.memory import Allocation, Memory, Phase, one_after_the_other
from fesdist.ground.options import option
from fesdist.ground.share import part
from fesdist.ground.units import unit_of

_HARDLY = 8
"""Parts of a tile's work of which its dictionary is one."""
_CHEAPER = 8
"""Products of 16-bit integers that take as long as one of floating-point numbers that are converted before."""


@dataclass(frozen=True)
class GreedyModel(SparseModel):
    """Greedy selection of `n_nonzero` input pixels for each output pixel, with a ridge fit after each pick.

    The atoms are compared by their directions, so 8-bit samples need no scaling but for the fits: with u = 255 x
    their system is (UᵀU + 255² ridge I) w = Uᵀv, integers but for the ridge, and 255 in the bias's column.
    `Status.FEWER_TAPS` marks a pixel with fewer taps than `n_nonzero`: no other input pixel varies, or is independent
    of those picked. Raises BadParameterError for a ridge that is not positive and for fewer than one pixel.
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

    @classmethod
    def with_taps(cls, n_taps: int, **said: Any) -> Self:
        return cls(n_nonzero=n_taps, **said)

    def describe(self) -> str:
        """Return the model in a few words, for people."""
        return f"{self.n_nonzero} input pixel{'s' if self.n_nonzero > 1 else ''} of all, ridge {self.ridge:g}"

    def rule_of(self, image_shape: tuple[int, int], unit: float) -> Rule:
        """Return the rule of what is added to the scores, `unit` standing for intensity 1."""
        return no_rule(image_shape)

    def enough_pixels(self, fit: Fit) -> int | None:
        # A tile compares each atom with each direction, as many as there may be values; a pixel each atom with the
        # directions once for each of its taps, in numbers of 16 bits.
        n_values = fit.n_samples * fit.colour.channels_per_fit(fit.channels)
        return max(1, _HARDLY * _CHEAPER * n_values // self.n_nonzero)

    def solving(self, fit: Fit, tile_shape: tuple[int, int]) -> Memory:
        channels, length = fit.colour.channels_per_fit(fit.channels), whole_registers(fit.n_samples)
        n_values = channels * length
        directions, panels, rests = panels_of(fit.n_pixels, n_values)
        blocks, steps, _ = panels.shape
        tables = tables_of(self.rule_of(fit.image_shape, 1.0))
        searching = (
            directions,
            panels,
            rests,
            *residuals_of(blocks, steps, AT_ONCE),
            Allocation("coordinates of waiting residuals", (AT_ONCE, 2 * steps), "float64"),
        )
        making = making_panels(fit.n_pixels, n_values)
        selecting = one_after_the_other((making, Memory((), (Phase("searching", searching),)))).within(
            *put_together(fit, tile_shape),
            *measures(channels, fit.n_pixels),
            *fits_of(AT_ONCE, self.n_nonzero, channels, length),
            *search_of(AT_ONCE),
            *near_of(tables[0].shape[-2], self.n_nonzero, channels),
        )
        # Bonuses and offsets as they are found, in their order, and the order.
        tabulating = Phase("making tables", (*tables, *tables))
        return one_after_the_other((Memory((), (tabulating,)), selecting.within(*tables)))

    def fill(self, samples: KeptSamples, solved: Mapping[str, TileArrays]) -> None:
        unit = unit_of(samples.dtype)
        locality = samples.made("locality", lambda: make_locality(self.rule_of(samples.image_shape, unit)))
        n_sets = samples.problem.weight_channels
        for number in range(n_sets):
            with part(number, n_sets):
                self._fill_set(samples, number, locality, solved)

    def _fill_set(
        self, samples: KeptSamples, number: int, locality: Locality, solved: Mapping[str, TileArrays]
    ) -> None:
        unit, region = unit_of(samples.dtype), samples.problem.tile.region

        def make() -> Selection:
            atoms = measure_atoms(samples.inputs(number), samples.n_samples)
            return Selection(atoms, locality, self.n_nonzero, unit**2 * self.ridge, unit)

        selection, targets = samples.made(f"selection {number}", make), samples.targets(number)
        for place, (arrays, target) in enumerate(zip(solved.values(), targets, strict=True)):
            fields = Fields(*(arrays[name][number] for name in Fields._fields))
            with part(place, len(targets)):
                selection.fill(target, (region.row0, region.col0), fields)
