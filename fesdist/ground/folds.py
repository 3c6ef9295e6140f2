"""Folds: people who are left out together, each person in exactly one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from fesdist.ground.counting import counted
from fesdist.ground.errors import BadParameterError

Fold = frozenset[str]
"""Ids of people."""


def split_people(ids: Iterable[str], n_folds: int | None) -> tuple[Fold, ...]:
    """Return `n_folds` folds of people, whose sizes differ by one at most; a fold each person when None.

    Who is with whom follows from the ids alone, so the same people are split alike on every machine. Raises
    BadParameterError for fewer than two folds, and for more folds than people.

    >>> [sorted(fold) for fold in split_people(["anna", "ben", "carl", "dora", "emil"], 2)]
    [['ben', 'dora', 'emil'], ['anna', 'carl']]
    """
    order = sorted(set(ids), key=lambda person: hashlib.sha256(person.encode()).digest())
    count = len(order) if n_folds is None else n_folds
    if not 2 <= count <= len(order):
        raise BadParameterError(
            f"{counted(count, 'fold')} of {counted(len(order), 'person')}; expected 2 folds or more and at least a "
            "person in each: give fewer folds, or ingest more pairs"
        )
    return tuple(frozenset(order[fold::count]) for fold in range(count))
