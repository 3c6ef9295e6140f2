"""Local sparse receptive fields (LSRF): OMP that prefers pixels near the fields of the neighbouring output pixels.

Akram & Khan 2023. The fields of the neighbours are initial ones, which are never updated, so output pixels do not
depend on each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fesdist.families.common.fit import Fit
from fesdist.families.common.hyperparameters import LARGEST
from fesdist.families.sparse.greedy import GreedyModel
from fesdist.families.sparse.kernels.locality import Rule
from fesdist.ground.errors import BadParameterError
from fesdist.ground.options import option
from fesdist.ground.receptive_field import Offset


@dataclass(frozen=True)
class LocalSparseReceptiveFields(GreedyModel):
    """LSRF: OMP whose score of input pixel j for output pixel p gets + locality / dist(p, j).

    dist(p, j) is the sum, over the pixels m of the (2 b + 1) x (2 b + 1) window around p with b = ⌊√F / 2⌋, of the
    distance from j to the nearest pixel of m's initial field (`initial_field`); windows and fields are cut off at
    the image border. At distance 0 the bonus is infinite. A locality of 0 is OMP.

    Raises BadParameterError as OMP, and for a locality that is negative or no number.
    """

    locality: float = option(60.0, "preference for input pixels near the fields of the neighbours", metavar="BETA")
    """beta."""

    name: ClassVar[str] = "lsrf"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (isinstance(self.locality, (int, float)) and 0 <= self.locality <= LARGEST):
            raise BadParameterError(f"locality {self.locality!r}; expected a number of 0 or more, for instance 60")
        object.__setattr__(self, "locality", float(self.locality))

    def describe(self) -> str:
        """Return the model in a few words, for people."""
        return f"{super().describe()}, locality {self.locality:g}"

    def enough_pixels(self, fit: Fit) -> int | None:
        # With a preference few atoms are looked at, and reading the inputs takes most of the time.
        return None if self.locality else super().enough_pixels(fit)

    def rule_of(self, image_shape: tuple[int, int], unit: float) -> Rule:
        field = np.array(initial_field(self.n_nonzero), dtype=np.int64)
        return Rule(image_shape, unit * self.locality, math.isqrt(self.n_nonzero) // 2, field)


def initial_field(n_nonzero: int) -> tuple[Offset, ...]:
    """Return the offsets of the `n_nonzero` pixels of an initial field, the centre first.

    Ring by ring around the centre (rings of squares); within a ring corners come before edges, farther pixels before
    nearer ones, and equal ones in row-major order. So 1 is the pixel itself, 5 adds its diagonal neighbours, 9 is
    the 3 x 3 window and 25 the 5 x 5 window, as in Akram & Khan 2023.
    """
    reach = math.isqrt(n_nonzero - 1) // 2 + 1
    steps = range(-reach, reach + 1)
    square = [(drow, dcol) for drow in steps for dcol in steps]
    nearest = sorted(square, key=lambda offset: (max(map(abs, offset)), -math.hypot(*offset), offset))
    return tuple(nearest[:n_nonzero])
