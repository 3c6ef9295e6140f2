"""Two kinds among many pictures: each picture is of the kind whose mean is nearer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kinds = NDArray[np.int64]

_MOST_STEPS = 100
"""After which means that still move are taken as they are; a dozen steps are usual."""


def two_kinds(pictures: Floats) -> Kinds:
    """Return the kind of each picture, 0 or 1: the parting whose squared distances from the two means are least.

    Found by going from means to the nearer pictures and back (Lloyd 1982), beginning with what lies on either side of
    the mean along the first principal axis. `pictures` is (picture, value) float64; the result is (picture,) int64. Of
    kind 0 is what differs least from zeros, by the squares of its mean; all are 0 where all pictures are alike.

    >>> two_kinds(np.array([[5.0], [0.1], [4.9], [0.2]]))
    array([1, 0, 1, 0])
    """
    centred = pictures - pictures.mean(axis=0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    kinds = (centred @ axis > 0).astype(np.int64)
    for _ in range(_MOST_STEPS):
        if not 0 < kinds.sum() < len(kinds):
            return np.zeros_like(kinds)
        if np.array_equal(nearer := nearer_kind(pictures, means_of(pictures, kinds)), kinds):
            break
        kinds = nearer
    strengths = (means_of(pictures, kinds) ** 2).sum(axis=1)
    return kinds if strengths[0] <= strengths[1] else np.asarray(1 - kinds)


def means_of(pictures: Floats, kinds: Kinds) -> Floats:
    """Return the mean of each kind, (kind, value), of pictures (picture, value); none may be empty."""
    return np.stack([pictures[kinds == kind].mean(axis=0) for kind in (0, 1)])


def nearer_kind(pictures: Floats, means: Floats) -> Kinds:
    """Return the kind whose mean is nearer to each picture, (picture,) int64; the first where both are as near."""
    distances = ((pictures[:, None] - means) ** 2).sum(axis=2)
    return np.asarray(distances.argmin(axis=1), np.int64)
