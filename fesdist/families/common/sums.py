"""What a model keeps of samples: sums, which are values, or the samples themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self, TypeVar

from numpy.typing import NDArray

from fesdist.families.common.samples import Ledger, Samples
from fesdist.ground.errors import BadParameterError

Array = NDArray[Any]


class Gathered(Protocol):
    """What is gathered of the samples of a tile, for `Model.solve`."""

    def add(self, samples: Samples) -> None:
        """Add samples; raises ValueError when they do not fit the tile, each other, or what was added before."""


class Additive(Protocol):
    """A value that is made in parts, and whose parts add up in any order."""

    def __add__(self, other: Self) -> Self: ...

    def arrays(self) -> Mapping[str, Array]:
        """Return all that it is, as named arrays that may be kept."""


class Sums(Gathered, Additive, Protocol):
    """Sums over samples, of a size that does not depend on their number; exact integers for 8-bit images.

    Sums of different people can be added, and a person's be taken away: what is left is bit for bit what it would be
    had that person never come. So a fold's complement is the total minus the fold, forgetting is a subtraction, and
    merging two sites is an addition.
    """

    @property
    def ledger(self) -> Ledger:
        """Return whose images were added."""

    def __sub__(self, other: Self) -> Self: ...


G_contra = TypeVar("G_contra", bound=Gathered, contravariant=True)


def need_sums(model: str, keeps_sums: bool, what_for: str) -> None:
    """Raise BadParameterError unless a model keeps sums; `what_for` is what they are wanted for."""
    if not keeps_sums:
        raise BadParameterError(
            f"model {model!r} keeps its samples instead of sums, which {what_for} needs; expected a model made from "
            "sums, such as mr or pixel-rr"
        )
