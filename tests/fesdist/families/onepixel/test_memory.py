"""What a tile of a one-pixel model needs is what the plan was told: never more, and not much less."""

from __future__ import annotations

import pytest

from fesdist.families.common.fit import Fit
from fesdist.families.common.problem import TileProblem
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import Region, Tile
from fesdist.registry import PixelKernelRidge
from tests.fesdist.families.measured import black_samples, peak, projected_and_measured


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


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize(("kernel", "pool", "n_expressions"), [("gaussian", 0, 1), ("laplacian", 2, 2)])
def test_people_are_left_out_in_what_was_projected(colour: Colour, kernel: str, pool: int, n_expressions: int) -> None:
    model, shape, of_fold = PixelKernelRidge(kernel, pool=pool), (40, 300), (5, 5, 4)
    fit, region = Fit(shape, 3, colour, "uint8", sum(of_fold), n_expressions), Region(8, 16, 10, 290)
    wanted = model.targets_of(region, shape)
    problem = TileProblem(
        Tile(0, region), model.inputs_of(wanted, shape)[1], 3, colour, ("a", "b")[:n_expressions], {}, shape
    )
    samples = black_samples(fit, wanted, wanted, fit.n_samples)
    found = 2 * n_expressions * fit.weight_channels * 2 * 280 * 8
    projected = sum(part.nbytes for part in model.evidence_memory(fit, region.shape, fit.n_samples, 3)) + found

    def work() -> None:
        model.evidence_of_samples(problem, samples, of_fold, 4)

    work()
    assert projected / 2 < peak(work) <= projected
