"""Atoms have the means, norms and products of plain numpy, from bytes and from floats, with or without centring."""

from __future__ import annotations

from itertools import product as pairs

import numpy as np
import pytest

from fesdist.families.sparse.kernels.atoms import (
    Atoms,
    correlation,
    measure_atoms,
    product,
    product_of_lines,
    squared_norm,
    subtract_atom,
    sum_and_squares,
)
from tests.fesdist.families.sparse.kernels.drawn import Array, noise, padded

SIZES = [(1, 1, 3), (2, 16, 5), (3, 37, 4)]
"""Channels, samples and pixels."""


def measured(channels: int, n: int, pixels: int, dtype: str, centred: bool) -> tuple[Atoms, Array]:
    """Return atoms and their samples in float64, minus what is subtracted from them."""
    samples = noise((channels, pixels, n), n, dtype)
    samples[:, 1] = 77
    plain = samples.astype(float)
    return measure_atoms(padded(samples), n, centred), plain - plain.mean(axis=-1, keepdims=True) * centred


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize(("channels", "n", "pixels"), SIZES)
def test_measures(channels: int, n: int, pixels: int, dtype: str, centred: bool) -> None:
    atoms, plain = measured(channels, n, pixels, dtype, centred)
    samples = atoms.samples[..., :n].astype(float)
    np.testing.assert_allclose(atoms.means, samples.mean(axis=-1) * centred, rtol=1e-14)
    np.testing.assert_allclose(atoms.sums, samples.sum(axis=(0, 2)), rtol=1e-14)
    np.testing.assert_allclose(atoms.squares, (samples**2).sum(axis=(0, 2)), rtol=1e-14)
    norms = np.linalg.norm(plain, axis=-1)
    np.testing.assert_allclose(atoms.scales * norms, norms > 0, atol=1e-12)
    assert np.array_equal(atoms.usable, (norms > 0).any(axis=0))
    assert atoms.usable[1] == (not centred)


def multiplied(samples: Array, one: int, other: int) -> float:
    (channels, pixels, length), line = samples.shape, samples.reshape(-1)
    return product(line, one, pixels, line, other, pixels, (channels, length))  # type: ignore[no-any-return]


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize(("channels", "n", "pixels"), SIZES)
def test_products_correlations_and_multiples(channels: int, n: int, pixels: int, dtype: str, centred: bool) -> None:
    atoms, plain = measured(channels, n, pixels, dtype, centred)
    samples = atoms.samples[..., :n].astype(float)
    residual = np.random.default_rng(1).normal(size=(channels, n))
    right = padded(residual)
    assert squared_norm(right.reshape(-1)) == pytest.approx((residual**2).sum(), rel=1e-13)
    for atom in range(pixels):
        expected = (atoms.scales[:, atom] * (plain[:, atom] * residual).sum(axis=-1)).sum()
        assert correlation(atoms, atom, right) == pytest.approx(expected, rel=1e-12, abs=1e-12)
        left = right.copy()
        lines = atoms.samples.reshape(-1), atoms.means.reshape(-1)
        subtract_atom(*lines, atom, np.array([7.0, -0.3]), 1, left.reshape(-1), atoms.samples.shape)
        np.testing.assert_allclose(left[:, :n], residual + 0.3 * plain[:, atom], rtol=1e-12, atol=1e-12)
    for one, other in pairs(range(pixels), repeat=2):
        # Of whole numbers it is exact.
        assert multiplied(atoms.samples, one, other) == (samples[:, one] * samples[:, other]).sum()


def test_a_residual_of_zero_correlates_with_nothing() -> None:
    atoms, _ = measured(2, 16, 5, "uint8", True)
    assert correlation(atoms, 0, np.zeros((2, 16))) == 0.0
    assert squared_norm(np.zeros(32)) == 0.0


def test_products_of_bytes_are_exact() -> None:
    white = np.full((3, 2, 4096), 255, np.uint8)
    assert multiplied(white, 0, 1) == 3 * 4096 * 255**2


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize("length", [16, 32, 48, 128])
def test_products_of_lines(dtype: str, length: int) -> None:
    line = noise((200,), 0, dtype)
    expected = (line[3 : 3 + length].astype(float) * line[50 : 50 + length].astype(float)).sum()
    assert product_of_lines(line, 3, line, 50, length) == expected


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_sums_and_squares(dtype: str) -> None:
    samples = noise((2, 5, 37), 0, dtype)
    line = samples[1, 3, :35].astype(float)
    assert sum_and_squares(samples, 1, 3, 35) == (line.sum(), (line**2).sum())


def test_pixels_whose_samples_are_equal_cannot_be_used() -> None:
    samples = np.zeros((2, 3, 16))
    samples[:, 0, :7] = 0.1
    samples[:, 1, :7] = np.linspace(0, 1, 7)
    samples[0, 2, :7] = 0.1
    samples[1, 2, :7] = np.linspace(0, 1, 7)
    atoms = measure_atoms(samples, 7)
    assert atoms.usable.tolist() == [False, True, True]
    assert (atoms.scales[:, 0] == 0).all()
    assert atoms.scales[0, 2] == 0
    np.testing.assert_allclose(atoms.sums, [1.4, 7.0, 4.2])
    np.testing.assert_allclose(atoms.squares, (samples**2).sum(axis=(0, 2)))
    assert measure_atoms(samples, 7, centred=False).usable.all()
