"""Screened scores are within their bounds of the true ones, whatever the samples, and so are their peaks."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.sparse.kernels.atoms import correlation, measure_atoms
from fesdist.families.sparse.kernels.directions import normalised
from fesdist.families.sparse.kernels.screening import (
    COLUMNS,
    GROUP,
    empty_residuals,
    make_panels,
    screen,
    screen_block,
    set_residuals,
)
from tests.fesdist.families.sparse.kernels.drawn import padded, smooth


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
    products, flat = np.empty((panels.atoms.shape[0], COLUMNS), np.float32), panels.atoms.reshape(-1)
    for number, pixel in enumerate(chosen):
        residual = values[pixel]
        true = np.abs(np.einsum("jcn,cn->j", vectors, residual))
        for block in range(len(products)):
            screen_block(flat, panels.atoms.shape[1], residuals.coordinates.reshape(-1), number, block, products[block])
        assert (products.max(axis=1) == residuals.peaks[number]).all()
        screened = products.reshape(-1)[:pixels].astype(float) * residuals.units[number]
        bound = residuals.errors[number] + panels.left_out[:pixels] * residuals.left_out[number]
        assert (np.abs(screened - true) <= bound).all()
        assert residuals.errors[number] <= 1e-3 * np.linalg.norm(residual)
        exact = [abs(correlation(atoms, atom, padded(residual))) for atom in range(pixels)]
        np.testing.assert_allclose(exact, true, atol=1e-13 * np.linalg.norm(residual) * channels)
    assert (panels.most_left_out == panels.left_out.reshape(-1, COLUMNS).max(axis=1)).all()
