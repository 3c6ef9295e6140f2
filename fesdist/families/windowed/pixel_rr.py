"""Pixel-RR: each output pixel is a ridge regression on the input pixel at its own place.

Akram, Khan: Pixel-based Facial Expression Synthesis, International Conference on Pattern Recognition, 2021.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from fesdist.families.common.fixed_map import FixedMap
from fesdist.families.common.hyperparameters import mirror_option, pool_option, ridge_option
from fesdist.families.common.in_memory import Learned
from fesdist.families.windowed.mr import MaskedRegression
from fesdist.families.windowed.ridge_map import RidgeMap, as_json, in_words
from fesdist.families.windowed.sums import WindowSums
from fesdist.ground.receptive_field import Offset


@dataclass(frozen=True)
class PixelRidge(MaskedRegression):
    """Pixel-RR: minimise Σ_n (t[n, p] - w x[n, p] - b)² + ridge (w² + b²) for each output pixel p.

    It is masked regression on a window of one pixel, and stored as such: one tap, and a bias that is penalised as
    well. Raises BadParameterError for a ridge that is not positive.
    """

    offsets: tuple[Offset, ...] = field(default=((0, 0),), init=False)
    ridge: float | RidgeMap = ridge_option(0.4)
    pool: int = pool_option(0)
    mirror: bool = mirror_option(False)

    name: ClassVar[str] = "pixel-rr"

    @classmethod
    def from_sums(
        cls,
        sums: WindowSums,
        *,
        ridge: float | RidgeMap = 0.4,
        offsets: Sequence[Offset] | None = None,
        pool: int = 0,
    ) -> Learned:
        """Return what the regression learns from sums whose field has the pixel itself; `offsets` are its own."""
        return cls(ridge=ridge, pool=pool).learned(sums)

    def parameters(self) -> dict[str, Any]:
        return {"ridge": as_json(self.ridge), **self.beyond_the_papers()}

    def describe(self) -> str:
        """Return the model in a few words, for people."""
        return f"one input pixel and a bias, {in_words(self.ridge)}{self.beyond_in_words()}"

    @classmethod
    def for_map(cls, form: FixedMap, **said: Any) -> Self:
        return cls(**said)
