"""Sums that are added to or taken from each other must be of the same kind; what is not is refused by name."""

from __future__ import annotations

from typing import Any

from fesdist.families.common.problem import TileProblem
from fesdist.ground.errors import BadParameterError


def check_same(what: str, own: Any, other: Any) -> None:
    """Raise BadParameterError unless two sums have the same `what`."""
    if own != other:
        raise BadParameterError(f"sums of different {what}: {own} and {other}; expected sums made for the same {what}")


def check_same_problem(own: TileProblem, other: TileProblem) -> None:
    """Raise BadParameterError unless two problems are one but for what was found in a pass over the image."""
    check_same("pixels", str(own.tile.region), str(other.tile.region))
    check_same("padding", own.padding, other.padding)
    check_same("expressions", own.expressions, other.expressions)
    check_same("colour", str(own.colour), str(other.colour))
    check_same("channels", own.channels, other.channels)


def samples_left(own: int, other: int) -> int:
    """Return own - other samples; raises BadParameterError where there are not so many."""
    if other > own:
        raise BadParameterError(f"sums of {other} samples are to be taken away from sums of {own}; expected no more")
    return own - other
