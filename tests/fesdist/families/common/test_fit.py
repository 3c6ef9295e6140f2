"""The numbers that follow from a fit, for each colour mode."""

from __future__ import annotations

import pytest

from fesdist.families.common.fit import Fit
from fesdist.ground.colour import Colour


@pytest.mark.parametrize(
    ("colour", "weight_channels", "n_vectors", "gray_bytes"),
    [(Colour.PER_CHANNEL, 3, 20, 0), (Colour.SHARED, 1, 60, 0), (Colour.GRAY, 1, 20, 16)],
)
def test_sizes_follow_from_the_colour_mode(
    colour: Colour, weight_channels: int, n_vectors: int, gray_bytes: int
) -> None:
    fit = Fit((7, 9), channels=3, colour=colour, dtype="float64", n_samples=20, n_expressions=2)
    assert (fit.weight_channels, fit.n_vectors, fit.gray_bytes) == (weight_channels, n_vectors, gray_bytes)
    assert (fit.n_pixels, fit.itemsize) == (63, 8)
