"""What is wanted of a face: which expressions, how much of each, and where."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fesdist.ground.errors import BadParameterError
from fesdist.inference.regions import check_regions


@dataclass(frozen=True)
class Recipe:
    """A mixture: changes are linear, so those of several expressions add up. Raises BadParameterError."""

    parts: tuple[tuple[str, float], ...]
    """Expressions and how much of each; 1 is the expression as it was learned."""
    regions: tuple[str, ...] = ()
    """Names of `REGION_NAMES`, the only ones where anything changes; none is everywhere."""

    def __post_init__(self) -> None:
        names = [name for name, _ in self.parts]
        if not names or len(set(names)) < len(names) or not all(math.isfinite(weight) for _, weight in self.parts):
            raise BadParameterError(
                f"the mixture {self.name!r} is none; expected different expressions with a number each, such as "
                "smiling=0.7,surprised=0.3"
            )
        check_regions(self.regions)

    @classmethod
    def of(cls, expression: str) -> Recipe:
        """Return the recipe of one whole expression."""
        return cls(((expression, 1.0),))

    @classmethod
    def mixed(cls, weights: Mapping[str, float]) -> Recipe:
        """Return the mixture of these weights, by expression."""
        return cls(tuple(sorted(weights.items())))

    @property
    def name(self) -> str:
        """Return what outputs are called by: `smiling`, or `smiling=0.7+surprised=0.3`."""
        if self.whole:
            return self.parts[0][0]
        return "+".join(f"{expression}={weight:g}" for expression, weight in self.parts)

    @property
    def whole(self) -> bool:
        """Return whether it is one expression as it was learned."""
        return len(self.parts) == 1 and self.parts[0][1] == 1
