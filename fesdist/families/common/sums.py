"""What a model keeps of samples: sums, which are values, or the samples themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NoReturn, Protocol, Self, TypeVar

from numpy.typing import NDArray

from fesdist.families.common.samples import Ledger, Samples
from fesdist.ground.errors import BadParameterError
from fesdist.ground.tiles import Region

Array = NDArray[Any]


class Gathered(Protocol):
    """What is gathered of the samples of a tile, for `Model.solve`."""

    def add(self, samples: Samples) -> None:
        """Add samples; raises ValueError when they do not fit the tile, each other, or what was added before."""


class WholeInputs(Gathered, Protocol):
    """Samples of the whole image for the outputs of a tile."""

    def part(self, region: Region) -> Self:
        """Return the same samples for a part of the tile, (row, col) of the image; what is made of inputs is shared."""


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

    @property
    def pixels(self) -> Region:
        """Return the output pixels that they can be solved for."""

    def __sub__(self, other: Self) -> Self: ...

    def grown_by(self, other: Self) -> Self:
        """Return the sums of both as `+` does, but in the memory of these, which nobody may use any more."""

    def parts(self) -> Iterator[Self]:
        """Yield the sums of parts of the tile, which share memory with these and may be solved one by one."""


SomeSums = TypeVar("SomeSums", bound=Sums)


def added(sums: Sequence[SomeSums]) -> SomeSums:
    """Return the sums of all, each of which stays as it is: fresh memory for every addition costs more than adding."""
    first, *others = sums
    total = first + others[0] if others else first
    for other in others[1:]:
        total = total.grown_by(other)
    return total


class KeepsSamples:
    """Part of a model that keeps its samples: whoever asks it for sums is told which models have them."""

    name: ClassVar[str]
    keeps_sums: ClassVar[bool] = False

    def sums(self, *images: Any, **options: Any) -> NoReturn:
        """Raise BadParameterError, as there are no sums that could be added or taken away."""
        raise BadParameterError(
            f"model {self.name!r} keeps its samples and has no sums to add up or to take away; expected a model made "
            "from sums: mr, pixel-rr or pixel-kr"
        )

    @classmethod
    def from_sums(cls, *sums: Any, **options: Any) -> NoReturn:
        """Raise BadParameterError, as `sums` does."""
        raise BadParameterError(
            f"model {cls.name!r} is made from samples, not from sums; expected mr, pixel-rr or pixel-kr"
        )
