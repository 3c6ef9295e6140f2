"""Screened scores are within their bounds of the true ones, whatever the samples, and so are their peaks."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.common.layout import Array
from fesdist.families.sparse.kernels.atoms import correlation, measure_atoms, product
from fesdist.families.sparse.kernels.directions import LEFT_OUT, main_directions, most_directions, normalised
from fesdist.families.sparse.kernels.screening import (
    COLUMNS,
    GROUP,
    empty_residuals,
    make_panels,
    screen,
    screen_block,
    set_residuals,
)
from fesdist.simd.lanes import LANES


def padded(values: Array) -> Array:
    """Return values (..., sample) with zeros that fill the samples up to whole registers."""
    n = values.shape[-1]
    return np.pad(values, ((0, 0),) * (values.ndim - 1) + ((0, -n % LANES),))


def smooth(shape: tuple[int, ...], seed: int) -> Array:
    """Return (channel, pixel, sample) whose neighbouring pixels are alike."""
    noise = np.random.default_rng(seed).normal(size=shape)
    return np.clip(128 + 40 * (noise * 0.05 + np.repeat(noise[:, ::8], 8, axis=1)[:, : shape[1]]), 0, 255)


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize(("n", "pixels", "channels"), [(1, 3, 1), (2, 32, 3), (37, 70, 1), (300, 33, 3), (60, 400, 3)])
@pytest.mark.parametrize("kind", ["noise", "bright noise", "smooth"])
def test_scores_are_within_their_bounds(
    dtype: str, n: int, pixels: int, channels: int, kind: str, centred: bool
) -> None:
    generator, shape = np.random.default_rng(n), (channels, pixels, n)
    if kind == "smooth":
        samples = smooth(shape, n)
    else:
        # With a small spread on a bright ground, a product has much to lose by rounding.
        samples = 255 - generator.integers(0, 2 if kind == "bright noise" else 256, shape)
    atoms = measure_atoms(padded(samples.astype(dtype)), n, centred)
    panels = make_panels(atoms)
    residuals = empty_residuals(panels, 2 * GROUP)
    values = generator.integers(0, 256, (7, channels, n)).astype(float)
    if centred:
        values -= values.mean(axis=-1, keepdims=True)
    chosen = np.array([6, 0, 1, 4, 3])
    set_residuals(panels, residuals, padded(values), chosen)
    screen(panels, residuals, len(chosen))
    vectors = normalised(atoms, slice(None)).reshape(pixels, channels, -1)[..., :n]
    products = np.empty((panels.atoms.shape[0], COLUMNS), np.float32)
    for number, pixel in enumerate(chosen):
        residual = values[pixel]
        true = np.abs(np.einsum("jcn,cn->j", vectors, residual))
        for block in range(len(products)):
            screen_block(panels, residuals, number, block, products[block])
        assert (products.max(axis=1) == residuals.peaks[number]).all()
        screened = products.reshape(-1)[:pixels].astype(float) * residuals.units[number]
        bound = residuals.errors[number] + panels.left_out[:pixels] * residuals.left_out[number]
        assert (np.abs(screened - true) <= bound).all()
        assert residuals.errors[number] <= 1e-3 * np.linalg.norm(residual)
        exact = [abs(correlation(atoms, atom, padded(residual))) for atom in range(pixels)]
        np.testing.assert_allclose(exact, true, atol=1e-13 * np.linalg.norm(residual) * channels)
    assert (panels.most_left_out == panels.left_out.reshape(-1, COLUMNS).max(axis=1)).all()


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


def test_products_of_bytes_are_exact() -> None:
    white = np.full((3, 2, 4096), 255, np.uint8)
    assert product(white, 0, white, 1) == 3 * 4096 * 255**2


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
