"""The two ways in which images hold intensities: 8 bits from 0 to 255, or floating point from 0 to 1."""

from __future__ import annotations

from typing import Any

import numpy as np


def unit_of(dtype: np.dtype[Any]) -> float:
    """Return the value that stands for intensity 1: 255 for uint8."""
    return 255.0 if dtype == np.uint8 else 1.0
