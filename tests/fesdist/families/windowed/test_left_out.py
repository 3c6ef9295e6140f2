"""Evidence from samples has the bits of that from sums, which is made in another way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from fesdist.families.common.layout import TileArrays
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.sums import added
from fesdist.families.windowed.kernels.packing import pass_samples
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import Region, Tile
from fesdist.registry import AnyModel, MaskedRegression, PixelKernelRidge, PixelRidge
from fesdist.simd.octets import OCTET_LANES
from tests.fesdist.families.problems import random_images

SHAPE = (23, 77)
WHOLE = Region(0, 23, 0, 77)
OF_FOLD = (3, 1, 6)
AROUND = MaskedRegression(((-1, 0), (0, -1), (0, 1), (2, 1)), ridge=3.0)
"""Without the pixel itself."""
WINDOW = MaskedRegression.with_window(3, ridge=0.5)


def given(
    model: AnyModel, region: Region, of_fold: Sequence[int], names: tuple[str, ...], colour: Colour, channels: int = 3
) -> tuple[TileProblem, Samples]:
    """Return a part of random images as training has it: inputs around what targets are pooled."""
    targets = model.targets_of(region, SHAPE)
    inputs, padding = model.inputs_of(targets, SHAPE)
    problem = TileProblem(Tile(0, region), padding, channels, colour, names, {}, SHAPE)
    shape = sum(of_fold), channels, *SHAPE
    images = {name: random_images(shape, seed + 1)[..., *targets.slices] for seed, name in enumerate(names)}
    return problem, Samples(random_images(shape)[..., *inputs.slices], images)


def from_sums(
    model: AnyModel, problem: TileProblem, samples: Samples, of_fold: Sequence[int], row_step: int
) -> dict[str, TileArrays]:
    """Return the evidence of sums of whole images, in the judged rows."""
    folds = []
    for start, stop in pairwise(np.cumsum((0, *of_fold))):
        folds.append(model.gather(problem, samples.inputs.dtype))
        folds[-1].add(samples.of((np.arange(len(samples)) >= start) & (np.arange(len(samples)) < stop)))
    found = model.evidence(added(folds), folds, row_step)
    first = -problem.tile.region.row0 % row_step
    return {
        name: {kind: values[:, first::row_step] for kind, values in arrays.items()} for name, arrays in found.items()
    }


def same(found: dict[str, TileArrays], expected: dict[str, TileArrays]) -> bool:
    assert found.keys() == expected.keys()
    assert all(np.abs(arrays["change"]).min() > 0 for arrays in expected.values())
    return all(
        np.array_equal(arrays[kind], expected[name][kind])
        for name, arrays in found.items()
        for kind in ("agreement", "change")
    )


@pytest.mark.parametrize("pool", [0, 2])
@pytest.mark.parametrize("model", [WINDOW, AROUND, PixelRidge()], ids=["window", "around", "pixel"])
@pytest.mark.parametrize(
    ("colour", "channels", "names"),
    [
        (Colour.SHARED, 3, ("happy",)),
        (Colour.SHARED, 1, ("happy", "sad", "angry")),
        (Colour.PER_CHANNEL, 3, ("happy", "sad")),
        (Colour.GRAY, 3, ("happy", "sad")),
    ],
    ids=["shared", "one channel", "per channel", "gray"],
)
def test_bits_are_those_of_sums(
    model: MaskedRegression, pool: int, colour: Colour, channels: int, names: tuple[str, ...]
) -> None:
    pooled = replace(model, pool=pool)
    problem, samples = given(pooled, WHOLE, OF_FOLD, names, colour, channels)
    found = pooled.evidence_of_samples(problem, samples, OF_FOLD, 3)
    assert same(found, from_sums(pooled, problem, samples, OF_FOLD, 3))
    assert found[names[0]]["change"].shape == (problem.weight_channels, 8, 77)


@pytest.mark.parametrize("pool", [0, 2])
@pytest.mark.parametrize(
    "region",
    [Region(0, 1, 0, 77), Region(22, 23, 0, 5), Region(4, 9, 60, 77), Region(1, 20, 2, 67), Region(7, 8, 10, 74)],
    ids=str,
)
def test_parts_of_an_image_know_where_it_ends(region: Region, pool: int) -> None:
    model = replace(MaskedRegression.with_window(5, ridge=((1.0, 9.0), (4.0, 2.0))), pool=pool)
    problem, samples = given(model, region, OF_FOLD, ("happy",), Colour.SHARED)
    found = model.evidence_of_samples(problem, samples, OF_FOLD, 1)
    assert same(found, from_sums(model, problem, samples, OF_FOLD, 1))


@pytest.mark.parametrize("model", [WINDOW, replace(WINDOW, pool=1)], ids=["alone", "pooled"])
def test_folds_may_be_more_than_a_pass_a_person_or_nobody(model: MaskedRegression) -> None:
    most = pass_samples(np.dtype(np.uint8), 3)
    of_fold = (2 * most + 3, 1, 0, most, 2)
    problem, samples = given(model, Region(3, 6, 0, 30), of_fold, ("happy",), Colour.SHARED)
    found = model.evidence_of_samples(problem, samples, of_fold, 1)
    without_nobody = tuple(n for n in of_fold if n)
    assert same(found, from_sums(model, problem, samples, without_nobody, 1))


@pytest.mark.skipif(not OCTET_LANES, reason="this CPU packs in pairs anyway")
@pytest.mark.parametrize("pool", [0, 1])
def test_samples_in_pairs_have_the_same_bits(pool: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = replace(WINDOW, pool=pool)
    problem, samples = given(model, Region(0, 9, 0, 77), OF_FOLD, ("happy",), Colour.SHARED)
    in_fours = model.evidence_of_samples(problem, samples, OF_FOLD, 2)
    for module in ("left_out", "kernels.packing"):
        monkeypatch.setattr(f"fesdist.families.windowed.{module}.PACKED", np.uint32)
    assert same(model.evidence_of_samples(problem, samples, OF_FOLD, 2), in_fours)


@pytest.mark.parametrize("model", [PixelKernelRidge(), PixelKernelRidge(pool=1)], ids=["alone", "pooled"])
def test_models_without_a_kernel_make_sums_around_each_row(model: PixelKernelRidge) -> None:
    problem, samples = given(model, Region(5, 16, 4, 30), OF_FOLD, ("happy", "sad"), Colour.PER_CHANNEL)
    found = model.evidence_of_samples(problem, samples, OF_FOLD, 4)
    assert same(found, from_sums(model, problem, samples, OF_FOLD, 4))


def test_rows_that_are_not_judged_are_not_there() -> None:
    problem, samples = given(WINDOW, Region(5, 7, 0, 20), OF_FOLD, ("happy",), Colour.SHARED)
    assert WINDOW.evidence_of_samples(problem, samples, OF_FOLD, 8)["happy"]["change"].shape == (1, 0, 20)


@pytest.mark.parametrize("model", [WINDOW, PixelKernelRidge()], ids=["mr", "pixel-kr"])
def test_an_image_of_unknown_shape_is_refused(model: AnyModel) -> None:
    problem, samples = given(model, Region(5, 7, 0, 20), OF_FOLD, ("happy",), Colour.SHARED)
    with pytest.raises(ValueError, match="an image whose shape is known"):
        model.evidence_of_samples(replace(problem, image_shape=None), samples, OF_FOLD, 1)
