"""How the regression of one output pixel ended: a number in the stored arrays, one true sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class Status(IntEnum):
    """The values of the array `status`; a number once given never changes its meaning."""

    SOLVED = 0
    NO_SOLUTION = 1
    FEWER_TAPS = 2
    NO_ROOM = 3
    LARGE_GAP = 4

    def told(self, count: int) -> str:
        """Return the sentence about so many regressions."""
        plural, singular = _MEANINGS[self]
        return f"1 regression {singular}" if count == 1 else f"{count:,} regressions {plural}"


_MEANINGS = {
    Status.SOLVED: ("were solved", "was solved"),
    Status.NO_SOLUTION: (
        "had no unique solution: their outputs are the means of their targets",
        "had no unique solution: its output is the mean of its targets",
    ),
    Status.FEWER_TAPS: (
        "use fewer input pixels than asked for: no other one varies, or is independent of those picked",
        "uses fewer input pixels than asked for: no other one varies, or is independent of those picked",
    ),
    Status.NO_ROOM: (
        "needed more input pixels than there is room for: their weights are the best for those that came first",
        "needed more input pixels than there is room for: its weights are the best for those that came first",
    ),
    Status.LARGE_GAP: (
        "ended with a duality gap above 1e-8: that their weights are the best is not proven",
        "ended with a duality gap above 1e-8: that its weights are the best is not proven",
    ),
}
"""Of several regressions, and of one."""


def legend() -> str:
    """Return all statuses with their meanings, for the description of a stored array."""
    return "; ".join(f"{status.value}: {_MEANINGS[status][1]}" for status in Status)


def troubles(counts: Mapping[Status, int]) -> list[Status]:
    """Return each status but `SOLVED` that some regressions have, worst first.

    >>> [status.told(1) for status in troubles({Status.SOLVED: 90, Status.NO_SOLUTION: 1})]
    ['1 regression had no unique solution: its output is the mean of its targets']
    """
    return [status for status in Status if status and counts.get(status)]
