"""Who is held out: decided once for each person, never again."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace

from storage.errors import MismatchError, NotFoundError
from storage.stack.format import Subject


def assign_split(
    subjects: Sequence[Subject], fraction: float | None, ids: Collection[str] | None
) -> tuple[Subject, ...]:
    """Return the subjects, each on a side: those never assigned are held out or trained on, the others stay.

    Either `ids` names those to hold out, or as many are held out as bring their number to round(fraction * n) of
    all n people, chosen by the lowest SHA-256 of their ids: neither chance nor the order of files has a say.
    Raises `MismatchError`, and `NotFoundError` for unknown ids.

    >>> people = [Subject(id, None) for id in ("anna", "ben", "carl", "dora", "emil")]
    >>> [person.id for person in assign_split(people, 0.2, None) if person.holdout]
    ['emil']
    """
    if (fraction is None) == (ids is None):
        raise MismatchError("give either the fraction of people to hold out or their ids")
    chosen = _lowest(subjects, fraction) if fraction is not None else _named(subjects, ids or ())
    return tuple(
        replace(subject, split="holdout" if subject.id in chosen else "train") if subject.split is None else subject
        for subject in subjects
    )


def _lowest(subjects: Sequence[Subject], fraction: float) -> set[str]:
    if not 0 <= fraction < 1:
        raise MismatchError(f"a fraction of {fraction} was to be held out; expected 0 <= fraction < 1")
    wanted = round(fraction * len(subjects)) - sum(subject.holdout for subject in subjects)
    new = sorted((s.id for s in subjects if s.split is None), key=lambda name: hashlib.sha256(name.encode()).digest())
    return set(new[: max(0, wanted)])


def _named(subjects: Sequence[Subject], ids: Collection[str]) -> set[str]:
    sides = {subject.id: subject.split for subject in subjects}
    unknown = sorted(set(ids) - sides.keys())
    if unknown:
        raise NotFoundError(f"{len(unknown)} people to hold out are not in the stack, the first is {unknown[0]!r}")
    trained = sorted(name for name in ids if sides[name] == "train")
    if trained:
        raise MismatchError(
            f"{len(trained)} people to hold out are to be trained on since earlier, the first is {trained[0]!r}; nobody"
            " changes side: hold out others, or make a new stack"
        )
    return set(ids)
