"""How many of something, as people say it."""

from __future__ import annotations

_SEVERAL = {"person": "people", "entry": "entries"}


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "face"), counted(2000, "person"), counted(0, "entry")
    ('1 face', '2,000 people', '0 entries')
    """
    return f"{number:,} {noun if number == 1 else _SEVERAL.get(noun, f'{noun}s')}"
