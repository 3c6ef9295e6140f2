"""Grids: every combination of the values that people give for the options of a model."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fesdist.families.common.contract import AnyModel
from fesdist.ground.errors import BadParameterError
from fesdist.registry import model_named
from fesdist.registry.options import model_from_options, options_of

DEFAULT_VALUES: dict[str, tuple[Any, ...]] = {
    "ridge": (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0),
    "l1": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
    "rank": (1, 2, 4, 8, 16, 32),
}
"""What is tried of options that were not given: see `candidates_of`."""

MOST_CANDIDATES = 10_000


@dataclass(frozen=True)
class Candidate:
    """One combination: the options by name, as they were given, and the model that they make."""

    options: Mapping[str, Any]
    model: AnyModel


def candidates_of(name: str, values: Mapping[str, Sequence[Any]]) -> tuple[Candidate, ...]:
    """Return every combination of `values`, which has a list for each option that is not to have its default.

    The penalty of a model that is judged at each place, and of others where no option has several values, is tried at
    `DEFAULT_VALUES`. A `mask` is the name of a file. Raises BadParameterError for an unknown model, an option that it
    lacks, a bad value, and too large a grid.
    """
    untold = [option for option in DEFAULT_VALUES if option in options_of(name) and option not in values]
    decided = all(len(given) == 1 for given in values.values())
    if decided and not untold:
        raise BadParameterError(
            f"there is nothing to choose between: give an option of model {name!r} several values, "
            "for instance --ridge 0.1,1,10"
        )
    # Where folds are judged from sums, another ridge costs next to nothing, and windows compare badly at one ridge.
    tried = untold[:1] if decided or _by_place(name) else []
    grid = {**values, **{option: DEFAULT_VALUES[option] for option in tried}}
    n_candidates = 1
    for option, given in grid.items():
        n_candidates *= len(given)
        if len(set(given)) < len(given):
            raise BadParameterError(f"--{option.replace('_', '-')} has a value twice: {', '.join(map(str, given))}")
    if n_candidates > MOST_CANDIDATES:
        raise BadParameterError(
            f"a grid of {n_candidates:,} combinations; expected at most {MOST_CANDIDATES:,}: give fewer values"
        )
    return tuple(
        Candidate(options, model_from_options(name, options))
        for combination in itertools.product(*grid.values())
        for options in [dict(zip(grid, combination, strict=True))]
    )


def _by_place(name: str) -> bool:
    validation = model_named(name).cross_validation([model_from_options(name, {})])
    return validation is not None and validation.by_place
