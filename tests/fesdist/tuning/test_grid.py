"""Grids: every combination once, sensible values where none were given, and what cannot be a grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fesdist.ground.errors import BadParameterError
from fesdist.registry import Lasso, MaskedRegression, OrthogonalMatchingPursuit
from fesdist.tuning.grid import DEFAULT_VALUES, candidates_of


def _options(name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(candidate.options) for candidate in candidates_of(name, values)]


def test_all_combinations() -> None:
    found = candidates_of("mr", {"window": (3, 5), "ridge": (0.1, 1.0)})
    assert [dict(candidate.options) for candidate in found] == [
        {"window": 3, "ridge": 0.1},
        {"window": 3, "ridge": 1.0},
        {"window": 5, "ridge": 0.1},
        {"window": 5, "ridge": 1.0},
    ]
    assert found[2].model == MaskedRegression.with_window(5, ridge=0.1)


def test_windows_are_tried_at_many_ridges_because_that_costs_nothing() -> None:
    assert len(_options("mr", {"window": (3, 5)})) == 2 * len(DEFAULT_VALUES["ridge"])
    assert _options("mr", {"window": (3, 5), "ridge": (2.0,)}) == [{"window": side, "ridge": 2.0} for side in (3, 5)]


def test_the_penalty_is_tuned_where_nothing_else_is() -> None:
    assert [options["ridge"] for options in _options("omp", {})] == list(DEFAULT_VALUES["ridge"])
    assert [options["l1"] for options in _options("lasso", {})] == list(DEFAULT_VALUES["l1"])
    assert [options["rank"] for options in _options("pca", {})] == list(DEFAULT_VALUES["rank"])
    found = candidates_of("omp", {"n_nonzero": (1, 5)})
    assert [candidate.model for candidate in found] == [OrthogonalMatchingPursuit(n_nonzero=n) for n in (1, 5)]
    assert isinstance(candidates_of("lasso", {})[0].model, Lasso)


def test_masks_are_files(tmp_path: Path) -> None:
    path = tmp_path / "cross.npy"
    np.save(path, np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]]))
    (candidate,) = candidates_of("mr", {"mask": (str(path),), "ridge": (1.0, 2.0)})[:1]
    assert candidate.model == MaskedRegression.with_mask([[0, 1, 0], [1, 1, 1], [0, 1, 0]], ridge=1.0)
    assert candidate.options["mask"] == str(path)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("mr", {"ridge": (1.0,)}, "nothing to choose between: give an option of model 'mr' several values"),
        ("mr", {"ridge": (1.0, 1.0)}, "--ridge has a value twice: 1.0, 1.0"),
        ("mr", {"window": (3, 4)}, "4 x 4 pixels has no pixel at its centre"),
        ("mr", {"n_nonzero": (1, 2)}, "model 'mr' has no option n_nonzero"),
        ("mrr", {"ridge": (1.0, 2.0)}, "unknown model 'mrr'"),
        ("mr", {"ridge": tuple(range(1, 20_000))}, "a grid of 19,999 combinations; expected at most 10,000"),
    ],
)
def test_what_is_no_grid(name: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(BadParameterError, match=message):
        candidates_of(name, values)
