"""LSRF scores distances as the paper does, prunes exactly, and has the weights of the authors' code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import load_npz

from fesdist.families.sparse.kernels.locality import FAR_STEPS, INFINITE, bonus_of, make_locality
from fesdist.families.sparse.lsrf import LocalSparseReceptiveFields, initial_field
from fesdist.families.sparse.omp import OrthogonalMatchingPursuit
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from tests.fesdist import reference
from tests.fesdist.families.authors import authors_images
from tests.fesdist.families.problems import random_images, train
from tests.fesdist.families.sparse.problems import dense, smooth_images

SHAPE = (8, 10)


@pytest.mark.parametrize("n_nonzero", [1, 5, 9])
@pytest.mark.parametrize("locality", [0.01, 1.0, 60.0])
def test_supports_and_values_are_those_of_the_plain_loop(n_nonzero: int, locality: float) -> None:
    inputs, targets = (smooth_images(20, 3, (8, 6), seed) for seed in (0, 1))
    fit = reference.fit_greedily(inputs / 255, targets / 255, n_nonzero, 0.4, locality)
    model = LocalSparseReceptiveFields(n_nonzero, 0.4, locality)
    solved = train(model, inputs, {"smiling": targets}, colour=Colour.SHARED)["smiling"]
    for name, expected in zip(("support", "values", "bias"), fit, strict=True):
        np.testing.assert_allclose(solved[name][0], expected, atol=1e-11)


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize("locality", [0.003, 0.3])
def test_pixels_far_beyond_the_tables_are_found(dtype: str, locality: float) -> None:
    # Only the last columns of the image, far away from most pixels, tell anything about the targets.
    inputs, targets = smooth_images(40, 1, (5, 40), 0), smooth_images(40, 1, (5, 40), 1)
    targets[:] = inputs[..., 35:36] // 2 + targets // 8
    fit = reference.fit_greedily(inputs / 255, targets / 255, 5, 0.4, locality)
    if dtype == "float64":
        inputs, targets = inputs / 255, targets / 255
    model = LocalSparseReceptiveFields(5, 0.4, locality)
    solved = train(model, inputs, {"smiling": targets})["smiling"]
    assert np.array_equal(solved["support"][0], fit[0])
    np.testing.assert_allclose(solved["values"][0], fit[1], atol=1e-11)
    assert (np.abs(solved["support"][0, :, 2, 4] % 40 - 4) > FAR_STEPS + 2).any()


@pytest.mark.authors
@pytest.mark.parametrize(("n_nonzero", "size"), [(1, 16), (5, 16), (9, 16), (5, 24)])
def test_weights_are_those_of_the_authors_code(authors_weights: Path, n_nonzero: int, size: int) -> None:
    inputs, targets = (authors_images(authors_weights / f"pairs_{size}" / f"train{side}") for side in "AB")
    model = LocalSparseReceptiveFields(n_nonzero, 0.4, 60.0)
    ours = dense(train(model, inputs, {"smiling": targets}, colour=Colour.SHARED)["smiling"])
    theirs = load_npz(authors_weights / f"lsrf_f{n_nonzero}_size{size}.npz").toarray()
    # Less than two pixels from the border their code takes pixel 0 for the missing pixels of a field.
    rows, cols = np.indices((size, size)).reshape(2, -1)
    inner = (np.minimum(rows, cols) >= 2) & (np.maximum(rows, cols) < size - 2)
    assert np.array_equal((ours != 0)[inner], (theirs != 0)[inner])
    np.testing.assert_allclose(ours[inner], theirs[inner], atol=1e-11)


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_without_locality_it_is_omp(dtype: str) -> None:
    inputs, targets = (smooth_images(20, 3, SHAPE, seed) / (255 if dtype == "float64" else 1) for seed in (0, 1))
    inputs, targets = inputs.astype(dtype), targets.astype(dtype)
    local, omp = (
        train(model, inputs, {"smiling": targets}, colour=Colour.SHARED)["smiling"]
        for model in (LocalSparseReceptiveFields(5, 0.4, 0.0), OrthogonalMatchingPursuit(5, 0.4))
    )
    assert all(np.array_equal(values, omp[name]) for name, values in local.items())


@pytest.mark.parametrize("n_nonzero", [1, 9])
def test_an_infinite_bonus_makes_every_pixel_pick_itself_unless_it_is_constant(n_nonzero: int) -> None:
    inputs, targets = random_images((10, 1, *SHAPE)), random_images((10, 1, *SHAPE), seed=1)
    inputs[:, :, 4, 5] = 200
    solved = train(LocalSparseReceptiveFields(n_nonzero), inputs, {"smiling": targets})["smiling"]
    own = np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE)
    # In the first and last rows and columns windows are cut off, and neighbours lie in all their fields as well.
    varies = np.pad(np.ones((6, 8), bool), 1) & (own != 45)
    assert (solved["support"][0, 0][varies] == own[varies]).all()
    assert not (solved["support"] == 45).any()


@pytest.mark.parametrize("n_nonzero", [1, 5, 9])
@pytest.mark.parametrize("image_shape", [(1, 1), (3, 2), (12, 15)])
def test_bonuses_are_those_of_the_paper_and_tables_hold_them(n_nonzero: int, image_shape: tuple[int, int]) -> None:
    locality = make_locality(LocalSparseReceptiveFields(n_nonzero, locality=60.0).rule_of(image_shape, 1.0))
    for row, col in np.ndindex(image_shape):
        i, j = locality.row_class[row], locality.col_class[col]
        table = dict(zip(map(tuple, locality.offsets[i, j]), locality.bonus[i, j], strict=True))
        assert (np.diff(locality.bonus[i, j]) <= 0).all()
        expected, found = [], []
        for place in np.ndindex(image_shape):
            distance = reference.score_distance((row, col), place, image_shape, n_nonzero)
            expected.append(60 / distance if distance > 0 else INFINITE)
            drow, dcol = place[0] - row, place[1] - col
            found.append(bonus_of(locality.rule, row, col, drow, dcol))
            if (drow, dcol) in table:
                assert table[drow, dcol] == found[-1]
            else:
                assert found[-1] <= locality.beyond[i, j]
        np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_initial_fields_grow_from_the_pixel_to_squares() -> None:
    assert initial_field(1) == ((0, 0),)
    assert set(initial_field(5)) == {(0, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)}
    for side in (1, 3, 5, 7):
        reach = range(-(side // 2), side // 2 + 1)
        assert set(initial_field(side * side)) == {(drow, dcol) for drow in reach for dcol in reach}
    for n_nonzero in range(1, 60):
        field = initial_field(n_nonzero)
        assert len(set(field)) == n_nonzero
        assert field == initial_field(60)[:n_nonzero]


@pytest.mark.parametrize("n_nonzero", [2, 4, 12, 30])
def test_fields_of_any_size_are_solved(n_nonzero: int) -> None:
    inputs, targets = (smooth_images(50, 1, SHAPE, seed) for seed in (0, 1))
    solved = train(LocalSparseReceptiveFields(n_nonzero), inputs, {"smiling": targets})["smiling"]
    assert not solved["status"].any()
    assert (np.diff(np.sort(solved["support"][0], axis=0), axis=0) > 0).all()


@pytest.mark.parametrize("locality", [-1.0, float("nan"), float("inf"), "60", None])
def test_a_locality_must_not_be_negative(locality: float) -> None:
    with pytest.raises(BadParameterError, match=r"locality .*; expected a number of 0 or more"):
        LocalSparseReceptiveFields(locality=locality)


def test_descriptions_are_for_people() -> None:
    assert LocalSparseReceptiveFields(5).describe() == "5 input pixels of all, ridge 0.4, locality 60"


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_a_pixel_beside_a_table_is_nearer_than_its_corners(dtype: str) -> None:
    bits = ["011011000110101001000110", "001000111111101101110100", "010111111011110110110100"]
    inputs = 255 * np.array([[int(bit) for bit in row] for row in bits], np.uint8).reshape(3, 1, 2, 12)
    targets = np.zeros_like(inputs)
    targets[:, 0, 0, 0] = [6, 10, 223]
    support, _, _ = reference.fit_greedily(inputs / 255, targets / 255, 9, 0.0077, 0.01)
    if dtype == "float64":
        inputs, targets = inputs / 255, targets / 255
    solved = train(LocalSparseReceptiveFields(9, 0.0077, 0.01), inputs, {"a": targets})["a"]
    assert np.array_equal(solved["support"][0, :, 0, 0], support[:, 0, 0])
    assert support[-1, 0, 0] == 9
