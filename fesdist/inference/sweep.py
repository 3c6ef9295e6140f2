"""An animation of an expression: intensities from nothing to the full one and back, so that it can begin again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

MOST_PICTURES = 240
LONGEST_SIDE = 1024
"""Pixels of an animation's longer side: nobody has a larger one sent."""

_MILLISECONDS = 2400
"""There and back."""
_SHORTEST = 20
"""Milliseconds a picture, which is what programs show at most."""

T = TypeVar("T")


def intensities(n_pictures: int, intensity: float) -> list[float]:
    """Return the intensities of the way there, a half cosine: slow at both ends, as faces are.

    >>> intensities(4, 1.0), intensities(5, 2.0)[-1] < 2
    ([0.0, 0.5, 1.0], True)
    """
    turns = (number / n_pictures for number in range(n_pictures // 2 + 1))
    return [round(intensity * (1 - math.cos(2 * math.pi * turn)) / 2, 9) for turn in turns]


def there_and_back(pictures: Sequence[T], n_pictures: int) -> list[T]:
    """Return the pictures of the way there, and then those of the way back, without the one that comes first again.

    >>> there_and_back("abc", 4), there_and_back("abc", 5)
    (['a', 'b', 'c', 'b'], ['a', 'b', 'c', 'c', 'b'])
    """
    return [pictures[min(number, n_pictures - number)] for number in range(n_pictures)]


def milliseconds(n_pictures: int) -> int:
    """Return how long each picture is shown."""
    return max(_SHORTEST, round(_MILLISECONDS / n_pictures))
