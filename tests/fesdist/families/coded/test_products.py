"""Products add up over regions, are kept and restored, and those of a fold are those of its images."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.coded.image_pass import CodePass
from fesdist.families.coded.model import CodedModel
from fesdist.families.coded.products import FoldProducts, Products, product_allocations
from fesdist.families.common.fit import Fit
from fesdist.families.common.image_pass import RegionImages
from fesdist.families.common.layout import Array
from fesdist.ground.colour import Colour
from fesdist.registry import KernelReducedRank, PrincipalComponents, RidgeRegression
from tests.fesdist.families.problems import random_images

MODELS = [RidgeRegression(), PrincipalComponents(3), KernelReducedRank(3)]
SHAPE = (6, 11)


def images(columns: slice, people: Array, n_held_out: int = 2) -> RegionImages:
    """Return some columns of random images, with two expressions, of some people."""
    drawn = [random_images((7, 3, *SHAPE), seed)[:, :, :, columns] for seed in range(4)]
    held_out = dict.fromkeys(("sad", "a/b"), drawn[3][:n_held_out])
    return RegionImages(drawn[0][people], {"sad": drawn[1][people], "a/b": drawn[2][people]}, held_out)


def same(one: Products, other: Products) -> bool:
    ours, theirs = one.arrays(), other.arrays()
    return ours.keys() == theirs.keys() and all(np.array_equal(values, theirs[name]) for name, values in ours.items())


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize("model", MODELS)
def test_regions_add_up_in_any_order_and_are_restored(model: CodedModel, colour: Colour) -> None:
    everybody, image_pass = np.arange(7), CodePass(model)
    whole = image_pass.find(images(slice(None), everybody), colour)
    left, right = (image_pass.find(images(part, everybody), colour) for part in (slice(0, 4), slice(4, None)))
    assert same(left + right, whole)
    assert same(image_pass.restore(right.arrays()) + image_pass.restore(left.arrays()), whole)


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize("model", MODELS)
def test_sizes_are_those_told_beforehand(model: CodedModel, colour: Colour) -> None:
    found = CodePass(model).find(images(slice(None), np.arange(7)), colour)
    fit = Fit(SHAPE, 3, colour, "uint8", 7, 2)
    told = product_allocations(fit, model.needs_inputs, model.needs_targets, 2)
    assert sum(array.nbytes for array in found.arrays().values()) == sum(allocation.nbytes for allocation in told)


@pytest.mark.parametrize("model", MODELS)
def test_products_of_a_fold_are_those_of_its_images(model: CodedModel) -> None:
    chosen, judged = np.array([1, 0, 1, 1, 0, 1, 1], bool), np.array([False, True])
    whole = CodePass(model).find(images(slice(None), np.arange(7)), Colour.PER_CHANNEL)
    alone = CodePass(model).find(images(slice(None), np.flatnonzero(chosen)), Colour.PER_CHANNEL)
    fold = whole.of_fold(chosen, judged)
    assert same(fold.of_fold(np.ones(5, bool), np.ones(1, bool)), fold)
    for name, values in alone.arrays().items():
        expected = values[:, judged] if name.startswith("held_out") else values
        assert np.array_equal(fold.arrays()[name], expected), name


def test_products_of_folds_are_restored_with_all_they_add() -> None:
    array = np.arange(4.0).reshape(1, 2, 2)
    by_name = {"a": array}
    products = FoldProducts(array, by_name, by_name, by_name, by_name, by_name, np.array([9, 2]))
    twice = FoldProducts.restored(products.arrays()) + products
    assert twice.pixels.tolist() == [18, 4]
    for field in ("targets", "held_out", "fitted", "judged", "norms"):
        assert np.array_equal(getattr(twice, field)["a"], 2 * array)
