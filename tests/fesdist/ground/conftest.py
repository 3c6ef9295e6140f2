"""Images that measures compare."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray


@pytest.fixture
def pair() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return outputs and targets of four colour images of 28 x 26 pixels."""
    rng = np.random.default_rng(1)
    targets = rng.random((4, 3, 28, 26))
    return np.clip(targets + 0.1 * rng.standard_normal(targets.shape), 0, 1), targets
