"""The best atom has the best of all scores, near ones alone or all screened; of equal scores the first atom wins."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from fesdist.families.sparse.kernels.atoms import Atoms, measure_atoms
from fesdist.families.sparse.kernels.directions import normalised
from fesdist.families.sparse.kernels.locality import Locality, Rule, bonus_of, make_locality, no_rule
from fesdist.families.sparse.kernels.refits import Problem, begin, empty_fits, extend, set_residual
from fesdist.families.sparse.kernels.screening import empty_residuals, make_panels, screen, set_residuals
from fesdist.families.sparse.kernels.search import Search, empty_search, search_near, search_screened
from tests.fesdist.families.sparse.kernels.drawn import Array, noise, padded

SHAPE = (5, 9)
PIXELS = SHAPE[0] * SHAPE[1]


@njit(cache=True)
def searched(search: Search, at: int, row: int, col: int) -> bool:
    """Search for a pixel as `selection` does; what is inlined there would be compiled in every process here."""
    certain = search_near(search, at, row, col)
    if not certain:
        # Those before it are found again, from what was found.
        search_screened(search, np.arange(at + 1), 0, (0, 0), SHAPE[1])
    return bool(certain)


def localities() -> dict[str, Locality]:
    field = np.zeros((1, 2), np.int64)
    return {
        "none": make_locality(no_rule(SHAPE)),
        "weak": make_locality(Rule(SHAPE, 1.0, 0, field)),
        "strong": make_locality(Rule(SHAPE, 1e5, 1, field)),
    }


def prepared(samples: Array, targets: Array, locality: Locality, picked: list[int]) -> tuple[Search, Problem]:
    """Return a search of the pixels 0 to 3, whose fits have some atoms."""
    n, channels = samples.shape[-1], len(samples)
    atoms = measure_atoms(padded(samples), n)
    problem, fits = Problem(atoms, padded(targets), 0.1, 255.0), empty_fits(4, 3, channels, n + -n % 16)
    panels = make_panels(atoms)
    search = empty_search(atoms, locality, panels, empty_residuals(panels, 4), fits)
    for at in range(4):
        search.ties[at] = 1e-12 * (begin(fits, at, problem, at) + locality.rule.weight)
        set_residual(fits, at, problem, at)
        for atom in picked:
            assert extend(fits, at, problem, at, atom)
    set_residuals(panels, search.residuals, fits.residual, np.arange(4))
    screen(panels, search.residuals, 4)
    return search, problem


def scores(search: Search, atoms: Atoms, at: int, picked: list[int]) -> Array:
    residual = search.fits.residual[at].reshape(-1)
    found = np.abs(normalised(atoms, slice(None)) @ residual)
    if search.locality.rule.weight > 0:
        row, col = divmod(at, SHAPE[1])
        places = np.ndindex(SHAPE)
        found += [bonus_of(search.locality.rule, row, col, r - row, c - col) for r, c in places]
    found[picked] = -np.inf
    found[~atoms.usable] = -np.inf
    return found


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize("picked", [[], [40, 1]])
@pytest.mark.parametrize("kind", ["none", "weak", "strong"])
def test_the_best_of_all_atoms_is_found(dtype: str, picked: list[int], kind: str) -> None:
    samples, targets = (noise((2, PIXELS, 21), seed, dtype) for seed in (0, 1))
    samples[:, 3] = 9
    search, problem = prepared(samples, targets, localities()[kind], picked)
    for at in range(4):
        expected = scores(search, problem.atoms, at, picked)
        certain = searched(search, at, *divmod(at, SHAPE[1]))
        assert certain == (kind == "strong") or kind == "weak"
        assert search.atom[at] == expected.argmax()
        assert search.best[at] == pytest.approx(expected.max(), rel=1e-12)


def test_of_equal_scores_the_first_atom_wins() -> None:
    samples = noise((1, PIXELS, 16), 0, "uint8")
    samples[:, [7, 19, 38]] = 255 - samples[:, [44]]
    search, _ = prepared(samples, samples[:, ::-1].copy(), make_locality(no_rule(SHAPE)), [])
    assert not searched(search, 0, 0, 0)
    assert search.atom[0] == 7


def test_constant_atoms_are_never_found() -> None:
    samples = np.full((1, PIXELS, 16), 5, np.uint8)
    for locality in localities().values():
        search, _ = prepared(samples, noise((1, PIXELS, 16), 0, "uint8"), locality, [])
        assert not searched(search, 0, 0, 0)
        assert search.atom[0] == -1


def test_a_target_of_zeros_has_scores_of_zero() -> None:
    samples = noise((1, PIXELS, 16), 0, "uint8")
    search, _ = prepared(samples, np.zeros_like(samples), make_locality(no_rule(SHAPE)), [])
    searched(search, 0, 0, 0)
    assert (search.best[0], search.atom[0]) == (0.0, 0)
