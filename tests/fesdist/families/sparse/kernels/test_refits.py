"""Growing fits are ridge regressions on the atoms picked so far, and their residuals what is left."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.sparse.kernels.atoms import measure_atoms
from fesdist.families.sparse.kernels.refits import Problem, begin, empty_fits, extend, set_residual
from tests.fesdist.families.sparse.kernels.drawn import Array, noise, padded


def plain_fit(columns: Array, target: Array, penalty: float, constant: float) -> Array:
    """Return bias and weights of columns (sample, atom) from the normal equations."""
    design = np.column_stack((np.full(len(columns), constant), columns))
    gram = design.T @ design + penalty * np.eye(design.shape[1])
    return np.linalg.lstsq(gram, design.T @ target)[0]


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize(("channels", "n"), [(1, 16), (3, 21)])
@pytest.mark.parametrize(("penalty", "constant"), [(0.4 * 255**2, 255.0), (0.0, 0.0)])
def test_every_pick_gives_the_ridge_regression(
    dtype: str, channels: int, n: int, penalty: float, constant: float
) -> None:
    centred = constant > 0
    samples, targets = (noise((channels, 9, n), seed, dtype) for seed in (0, 1))
    atoms = measure_atoms(padded(samples), n, centred)
    problem, fits = (
        Problem(atoms, padded(targets), penalty, constant),
        empty_fits(2, 4, channels, len(padded(targets)[0, 0])),
    )
    target = targets[:, 3].astype(float)
    norm = begin(fits, 1, problem, 3)
    assert norm == pytest.approx(np.linalg.norm(target, axis=-1).sum())
    set_residual(fits, 1, problem, 3)
    picked: list[int] = []
    for atom in (None, 7, 2, 5):
        if atom is not None:
            assert extend(fits, 1, problem, 3, atom)
            picked.append(atom)
        columns = samples[:, picked].astype(float)
        weights = plain_fit(columns.transpose(0, 2, 1).reshape(channels * n, -1), target.ravel(), penalty, constant)
        np.testing.assert_allclose(fits.solution[1, : len(picked) + 1], weights, rtol=1e-9, atol=1e-12)
        left = target - np.einsum("k,ckn->cn", weights[1:], columns)
        left -= left.mean(axis=-1, keepdims=True) * centred
        np.testing.assert_allclose(fits.residual[1, :, :n], left, atol=1e-9 * 255)
        assert not fits.residual[1, :, n:].any()
    assert fits.support[1, :3].tolist() == picked
    assert fits.n_taps.tolist() == [0, 3]


def test_an_atom_that_depends_on_others_is_left_out() -> None:
    samples = noise((1, 3, 16), 0, "float64")
    samples[0, 2] = samples[0, 0] - 2 * samples[0, 1]
    problem, fits = Problem(measure_atoms(samples, 16, False), samples, 0.0, 0.0), empty_fits(1, 3, 1, 16)
    begin(fits, 0, problem, 1)
    assert extend(fits, 0, problem, 1, 0)
    assert extend(fits, 0, problem, 1, 1)
    before = fits.solution.copy()
    assert not extend(fits, 0, problem, 1, 2)
    assert fits.n_taps[0] == 2
    assert np.array_equal(fits.solution, before)
    assert not extend(fits, 0, problem, 1, 0)


def test_a_target_of_zeros_has_a_fit_of_zeros() -> None:
    samples = noise((1, 3, 16), 0, "uint8")
    problem, fits = Problem(measure_atoms(samples, 16), np.zeros_like(samples), 1.0, 255.0), empty_fits(1, 1, 1, 16)
    assert begin(fits, 0, problem, 1) == 0.0
    assert extend(fits, 0, problem, 1, 2)
    assert not fits.solution.any()
    assert not fits.residual.any()
