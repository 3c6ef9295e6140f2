"""Near atoms are picked from integers alone as they are from residuals, and fits have the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fesdist.families.sparse.kernels.atoms import measure_atoms
from fesdist.families.sparse.kernels.locality import Rule, make_locality
from fesdist.families.sparse.kernels.near import empty_near, pick_near
from fesdist.families.sparse.kernels.refits import Problem, begin, empty_fits
from fesdist.families.sparse.kernels.screening import empty_residuals, no_panels
from fesdist.families.sparse.kernels.search import empty_search
from fesdist.families.sparse.kernels.selection import Fields, Selection
from fesdist.families.sparse.lsrf import initial_field
from tests.fesdist.families.sparse.kernels.drawn import Array, noise, padded, smooth

SHAPE = (9, 14)


def filled(selection: Selection, targets: Array, n_nonzero: int) -> Fields:
    rows, cols = SHAPE
    fields = Fields(
        np.zeros((n_nonzero, rows - 2, cols), np.int32),
        np.zeros((n_nonzero, rows - 2, cols)),
        np.zeros((rows - 2, cols)),
        np.zeros((rows - 2, cols), np.uint8),
    )
    selection.fill(targets[:, 2 * cols :].copy(), (2, 0), fields)
    return fields


@pytest.mark.parametrize(("channels", "n"), [(1, 16), (3, 37), (2, 64)])
@pytest.mark.parametrize("weight", [1.0, 300.0, 3e3, 1e6])
@pytest.mark.parametrize("drawn", ["noise", "smooth", "constant"])
def test_picks_and_fits_are_those_of_residuals(channels: int, n: int, weight: float, drawn: str) -> None:
    n_nonzero, shape = 5, (channels, SHAPE[0] * SHAPE[1], n)
    samples = noise(shape, 0, "uint8") if drawn == "noise" else smooth(shape, 0).astype(np.uint8)
    if drawn == "constant":
        samples[:, ::2] = 7
        samples[:, 1::4] = samples[:, 1:2]
    targets = padded(np.roll(samples, 1, axis=1) // 2 + noise(shape, 1, "uint8") // 4)
    field = np.array(initial_field(n_nonzero), np.int64)
    locality, atoms = make_locality(Rule(SHAPE, weight, 1, field)), measure_atoms(padded(samples), n)
    fast, slow = (Selection(atoms, locality, n_nonzero, 0.4 * 255**2, 255.0) for _ in range(2))
    slow._near = empty_near(0, n_nonzero, channels)
    for found, expected in zip(filled(fast, targets, n_nonzero), filled(slow, targets, n_nonzero), strict=True):
        assert np.array_equal(found, expected)


def started(samples: Array, targets: Array, weight: float) -> tuple[Any, Any, Problem]:
    """Return a search and room for the first ten pixels of a tile that is the image, their fits begun."""
    channels, _, n = samples.shape
    field = np.array(initial_field(5), np.int64)
    locality, atoms = make_locality(Rule(SHAPE, weight, 1, field)), measure_atoms(padded(samples), n)
    problem = Problem(atoms, padded(targets), 0.4 * 255**2, 255.0)
    fits = empty_fits(10, 5, channels, problem.targets.shape[2])
    search = empty_search(atoms, locality, no_panels(), empty_residuals(no_panels(), 12), fits)
    for at in range(10):
        search.ties[at] = 1e-12 * (begin(fits, at, problem, at) + weight)
    return search, empty_near(locality.bonus.shape[-1], 5, channels), problem


@pytest.mark.parametrize(("weight", "done"), [(1e6, True), (0.01, False)])
def test_pixels_stay_open_that_others_could_win(weight: float, done: bool) -> None:
    shape = (3, SHAPE[0] * SHAPE[1], 20)
    search, near, problem = started(noise(shape, 0, "uint8"), noise(shape, 1, "uint8"), weight)
    open_pixels = np.ones(10, np.bool_)
    pick_near(near, search, problem, 0, (0, 0), SHAPE[1], open_pixels)
    assert (open_pixels != done).all()
    assert (search.fits.n_taps == (5 if done else 0)).all()


def test_weights_are_those_of_a_ridge_regression() -> None:
    shape = (3, SHAPE[0] * SHAPE[1], 20)
    samples, targets = noise(shape, 0, "uint8"), noise(shape, 1, "uint8")
    search, near, problem = started(samples, targets, 1e6)
    pick_near(near, search, problem, 0, (0, 0), SHAPE[1], np.ones(10, np.bool_))
    for at in range(10):
        columns = samples[:, search.fits.support[at]].transpose(0, 2, 1).reshape(-1, 5).astype(float)
        design = np.column_stack((np.full(len(columns), 255.0), columns))
        gram = design.T @ design + problem.penalty * np.eye(6)
        expected = np.linalg.solve(gram, design.T @ targets[:, at].ravel().astype(float))
        np.testing.assert_allclose(search.fits.solution[at], expected, rtol=1e-9)
