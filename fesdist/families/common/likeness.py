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
    check_same("expressions", own.expressions, other.expressions)
    check_same("colour", str(own.colour), str(other.colour))
    check_same("channels", own.channels, other.channels)


def checked_count(n_samples: int) -> int:
    """Return the number of samples that are left; raises BadParameterError when more were taken away than there are."""
    if n_samples < 0:
        raise BadParameterError(
            f"{-n_samples} samples more are to be taken away than were added; expected some of them"
        )
    return n_samples
