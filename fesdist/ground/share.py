"""How much of some work is done, told from within it; whoever runs the work decides where that goes.

Whoever works knows only its own part: `part` makes of it a share of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Tell = Callable[[float], None]
"""Gets the share that is done, from 0 to 1."""

Progress = Callable[[float, int, str], None]
"""Gets what is done, all there is to do, 0 while nobody knows, and a note, which is all there is to say before that."""

_TELL: ContextVar[Tell | None] = ContextVar("tell", default=None)
_HEED: ContextVar[Callable[[], None] | None] = ContextVar("heed", default=None)


def tell(share: float) -> None:
    """Tell that this share of the work is done, from 0 to 1; where nobody listens, nothing happens."""
    listening = _TELL.get()
    if listening is not None:
        listening(share)


def heed() -> None:
    """End the work here if nobody waits for it any more; for what takes long between two shares that are told."""
    ending = _HEED.get()
    if ending is not None:
        ending()


@contextmanager
def ended_by(ending: Callable[[], None]) -> Iterator[None]:
    """Have `ending` called where the block heeds; it raises what ends the work."""
    token = _HEED.set(ending)
    try:
        yield
    finally:
        _HEED.reset(token)


@contextmanager
def told_to(listening: Tell) -> Iterator[None]:
    """Have `listening` called with what is told in the block."""
    token = _TELL.set(listening)
    try:
        yield
    finally:
        _TELL.reset(token)


@contextmanager
def part(number: int, of: int) -> Iterator[None]:
    """Count the work in the block as one of several equal parts of the work around it.

    >>> told = []
    >>> with told_to(told.append):
    ...     for number in range(2):
    ...         with part(number, 2):
    ...             tell(0.5)
    >>> told
    [0.25, 0.5, 0.75, 1.0]
    """
    around = _TELL.get()
    if around is None:
        yield
        return
    with told_to(lambda share: around((number + share) / of)):
        yield
    around((number + 1) / of)
