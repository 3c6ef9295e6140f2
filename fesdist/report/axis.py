"""Where the grid lines of a chart are: at numbers that people like."""

from __future__ import annotations

import numpy as np

_MOST_LINES = 7
_FACTORS = ((1, 1.5, 2, 3, 4, 5, 6, 8), (1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))
"""Of the powers of ten, the finest first."""


def tick_step(largest: float) -> float:
    """Return 1, 2 or 5 times a power of ten, so that two to four steps reach the largest value.

    >>> tick_step(7.5), tick_step(0.03)
    (2.0, 0.01)
    """
    rough = max(largest, 1e-6) / 4
    power = 10.0 ** np.floor(np.log10(rough))
    return float(power * next(factor for factor in (1, 2, 5, 10) if factor * power >= rough))


def logarithmic_ticks(low: float, high: float) -> tuple[float, ...]:
    """Return round numbers from `low` to `high`, both above 0, for a logarithmic axis: at most seven.

    >>> logarithmic_ticks(1, 30)
    (1.0, 2.0, 5.0, 10.0, 20.0)
    """
    if high < 2 * low:
        step = tick_step(0.75 * (high - low))
        return tuple(float(step * count) for count in range(int(np.ceil(low / step)), int(high // step) + 1))
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for factors in _FACTORS:
        ticks = [factor * 10.0**power for power in powers for factor in factors if low <= factor * 10.0**power <= high]
        if len(ticks) <= _MOST_LINES:
            break
    return tuple(ticks[:: -(-len(ticks) // _MOST_LINES)])
