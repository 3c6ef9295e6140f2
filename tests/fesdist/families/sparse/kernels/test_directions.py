"""Main directions are orthonormal, leave out little, and bound what they leave out."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.sparse.kernels.atoms import measure_atoms
from fesdist.families.sparse.kernels.directions import (
    LEFT_OUT,
    left_out,
    main_directions,
    most_directions,
    normalised,
    registers,
)
from fesdist.simd.lanes import LANES
from tests.fesdist.families.sparse.kernels.drawn import noise, padded, smooth


@pytest.mark.parametrize(("n", "pixels"), [(5, 200), (60, 400), (200, 30), (1, 40)])
def test_directions_are_orthonormal_and_leave_out_little(n: int, pixels: int) -> None:
    atoms = measure_atoms(padded(smooth((3, pixels, n), 0)), n)
    directions = main_directions(atoms)
    n_values, n_directions = directions.shape
    assert n_directions <= most_directions(pixels, n_values)
    assert n_directions % LANES == 0
    gram = directions.T @ directions
    found = round(float(np.trace(gram)))
    np.testing.assert_allclose(gram, np.diag(np.arange(n_directions) < found), atol=1e-9)
    vectors = normalised(atoms, slice(None))
    left = (vectors**2).sum() - ((vectors @ directions) ** 2).sum()
    assert left <= LEFT_OUT * (vectors**2).sum() + 1e-9


def test_smooth_images_have_few_directions() -> None:
    atoms = measure_atoms(padded(smooth((3, 1024, 64), 0)), 64)
    assert main_directions(atoms).shape[1] < 3 * 64


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_normalised_atoms_have_no_mean_and_unit_length_or_are_zero(dtype: str) -> None:
    samples = noise((2, 6, 19), 0, dtype)
    samples[:, 4] = 3
    vectors = normalised(measure_atoms(padded(samples), 19), np.array([5, 4, 0])).reshape(3, 2, -1)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), [[1, 1], [0, 0], [1, 1]])
    np.testing.assert_allclose(vectors.sum(axis=-1), 0, atol=1e-12)
    assert not vectors[..., 19:].any()
    expected = samples[:, 5] - samples[:, 5].mean(axis=-1, keepdims=True)
    np.testing.assert_allclose(vectors[0, :, :19] * np.linalg.norm(expected, axis=-1)[:, None], expected, atol=1e-10)


def test_what_is_left_out_is_bounded_from_above_by_little() -> None:
    squares, of_coordinates = np.array([4.0, 4.0, 0.0, 1.0]), np.array([3.0, 4.0, 0.0, 1.0 + 1e-15])
    bounds = left_out(squares, of_coordinates)
    true = np.sqrt(np.maximum(squares - of_coordinates, 0))
    assert (bounds >= true).all()
    np.testing.assert_allclose(bounds, true, atol=3e-6)


def test_counts_are_rounded_up_to_registers() -> None:
    assert [registers(count) for count in (0, 1, LANES, LANES + 1)] == [0, LANES, LANES, 2 * LANES]
