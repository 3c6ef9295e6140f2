"""Whether a photograph lies as those do that a version learned from: told before the version is put on it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.likeness import Likeness, LikenessSums, Limits
from fesdist.ground.signature import SIDE, signatures_of
from fesdist.simd.grays import gray_across
from storage.blobs.documents import convert
from storage.datasets.version import WeightVersion
from storage.errors import FormatError


def doubt_of(image: NDArray[Any], version: WeightVersion) -> str:
    """Return why an aligned photograph is unlike those that a version learned from, in words; "" if it is like them.

    `image` is (channel, row, col) at the model's size, uint8 or floating point in [0, 1]. Versions that know too few
    people, or were made before it was asked, doubt nothing.
    """
    known = _known(version)
    if known is None:
        return ""
    likeness, limits = known
    unlike = f"it does not lie as the photographs that {version.manifest.reference} learned from"
    found = signatures_of([image], (SIDE,), gray_across)[SIDE]
    if not found.any():
        return f"{unlike}: it shows nothing"
    distance, nearer, move = likeness.measured(found)
    if nearer > limits.nearer:
        return f"{unlike}: {move} it would be {nearer:.1f} times nearer to them, {limits.nearer:.1f} at most is usual"
    if distance > limits.distance:
        return f"{unlike}: its distance from them is {distance:.2f}, {limits.distance:.2f} at most is usual"
    return ""


@lru_cache(maxsize=2)
def _known(version: WeightVersion) -> tuple[Likeness, Limits] | None:
    """Return what is known of those who taught the expression that most did: a photograph is used for all or none."""
    learned = {name: _limits(version, name) for name in version.manifest.likeness or {}}
    if not learned:
        return None
    name = max(sorted(learned), key=lambda each: learned[each].people)
    products = version.read(name, "likeness")
    if products.shape != (size := 1 + SIDE**2, size) or products[0, 0] < 1:
        raise FormatError(
            f"likeness of {name} of {version.manifest.reference} is {products.shape} of {products[0, 0]} people; "
            f"expected {(size, size)} of 1 or more: it was not written by fesdist"
        )
    return Likeness(LikenessSums(np.asarray(products, np.int32))), learned[name]


def _limits(version: WeightVersion, expression: str) -> Limits:
    what = f"likeness of {expression} of {version.manifest.reference}"
    return convert(Limits, (version.manifest.likeness or {})[expression], what)
