"""How much of each neighbour is pooled."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fesdist.families.common.pooling import WIDEST, checked_pool, neighbour_weights
from fesdist.ground.errors import BadParameterError


@pytest.mark.parametrize("pool", [0, 1, 2, 5])
def test_weights_are_binomial_and_leave_out_what_lies_outside(pool: int) -> None:
    weights = neighbour_weights(pool, range(2, 9), 9)
    for number, pixel in enumerate(range(2, 9)):
        line = {pixel - pool + k: math.comb(2 * pool, k) for k in range(2 * pool + 1)}
        total = sum(weight for place, weight in line.items() if 0 <= place < 9)
        expected = [weight / total if 0 <= place < 9 else 0 for place, weight in line.items()]
        np.testing.assert_allclose(weights[number], expected, rtol=1e-15)


def test_weights_far_from_the_border_are_exact() -> None:
    """Sums of integers times these are exact, so bits do not depend on their order."""
    weights = neighbour_weights(2, range(10, 20), 100)
    assert np.array_equal(weights * 16, np.tile([1.0, 4.0, 6.0, 4.0, 1.0], (10, 1)))


@pytest.mark.parametrize("pool", [-1, WIDEST + 1, 1.5, "2", True, None])
def test_what_is_no_pool_is_refused(pool: Any) -> None:
    with pytest.raises(BadParameterError, match=r"expected 0 \(each pixel for itself\) to 8"):
        checked_pool(pool)
