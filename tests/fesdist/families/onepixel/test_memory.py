"""What a tile of a one-pixel model needs is what the plan was told: never more, and not much less."""

from __future__ import annotations

import pytest

from fesdist.families.common.fit import Fit
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import Region
from fesdist.registry import PixelKernelRidge
from tests.fesdist.families.measured import projected_and_measured


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize(
    ("parameters", "n_expressions", "n_block"),
    [({}, 1, 64), ({"kernel": "laplacian"}, 3, 16), ({"sigma": 0.02}, 2, 8), ({"kernel": "linear"}, 1, 200)],
)
def test_measured_is_at_most_projected(
    colour: Colour, parameters: dict[str, object], n_expressions: int, n_block: int
) -> None:
    model = PixelKernelRidge(**parameters)  # type: ignore[arg-type]
    fit = Fit((80, 80), 3, colour, "uint8", 2 * n_block, n_expressions)
    projected, measured = projected_and_measured(model, fit, Region(3, 67, 0, 48), n_block)
    assert projected / 2 < measured <= projected
