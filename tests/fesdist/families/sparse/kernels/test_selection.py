"""Selection without bias, ridge and centring is plain orthogonal matching pursuit."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.common.layout import Array
from fesdist.families.sparse.kernels.atoms import measure_atoms
from fesdist.families.sparse.kernels.locality import make_locality, no_rule
from fesdist.families.sparse.kernels.selection import SHORT, Fields, Selection
from fesdist.simd.lanes import LANES

SHAPE = (6, 9)


def plain_pursuit(atoms: Array, signal: Array, n_nonzero: int) -> tuple[list[int], Array]:
    """Return the support and the weights of unit atoms (sample, atom): pick, least squares, and again."""
    support: list[int] = []
    residual = signal
    for _ in range(n_nonzero):
        scores = np.abs(atoms.T @ residual)
        scores[support] = -1.0
        support.append(int(scores.argmax()))
        weights = np.linalg.lstsq(atoms[:, support], signal)[0]
        residual = signal - atoms[:, support] @ weights
    return support, weights


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize("n", [12, 37])
def test_plain_pursuit(dtype: str, n: int) -> None:
    n_nonzero, pixels, generator = 4, SHAPE[0] * SHAPE[1], np.random.default_rng(0)
    samples, targets = np.zeros((2, 1, pixels, -(-n // LANES) * LANES), dtype)
    samples[..., :n], targets[..., :n] = generator.integers(0, 256, (2, 1, pixels, n))
    support, values = np.empty((n_nonzero, *SHAPE), np.int32), np.empty((n_nonzero, *SHAPE))
    bias, status = np.empty(SHAPE), np.empty(SHAPE, np.uint8)
    atoms = measure_atoms(samples, n, centred=False)
    Selection(atoms, make_locality(no_rule(SHAPE)), n_nonzero, penalty=0.0, constant=0.0).fill(
        targets, (0, 0), Fields(support, values, bias, status)
    )
    columns = samples[0, :, :n].T.astype(float)
    norms = np.linalg.norm(columns, axis=0)
    for pixel in range(pixels):
        picked, weights = plain_pursuit(columns / norms, targets[0, pixel, :n].astype(float), n_nonzero)
        assert support.reshape(n_nonzero, -1)[:, pixel].tolist() == picked
        np.testing.assert_allclose(values.reshape(n_nonzero, -1)[:, pixel] * norms[picked], weights, rtol=1e-9)
    assert not bias.any()
    assert not status.any()


def test_without_a_ridge_dependent_atoms_end_the_search() -> None:
    samples = np.zeros((1, 54, LANES))
    samples[0, :, :5] = np.random.default_rng(0).normal(size=(54, 5))
    support, values = np.empty((8, *SHAPE), np.int32), np.empty((8, *SHAPE))
    bias, status = np.empty(SHAPE), np.empty(SHAPE, np.uint8)
    Selection(measure_atoms(samples, 5, centred=False), make_locality(no_rule(SHAPE)), 8, 0.0, 0.0).fill(
        samples[:, ::-1].copy(), (0, 0), Fields(support, values, bias, status)
    )
    assert (status == SHORT).all()
    assert ((support >= 0).sum(axis=0) <= 5).all()
    assert np.isfinite(values).all()
