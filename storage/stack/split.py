"""Who is held out: decided once for each person, never again."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from storage.errors import MismatchError, NotFoundError
from storage.stack.format import Split, Subject


def assign_split(
    subjects: Sequence[Subject], fraction: float | None, ids: Collection[str] | None
) -> tuple[Subject, ...]:
    """Return the subjects, each on a side: those never assigned are held out or trained on, the others stay.

    Either `ids` names those to hold out, or as many are held out as bring their number to round(fraction * n) of
    all n people, chosen by the lowest SHA-256 of their ids: neither chance nor the order of files has a say. People
    with a picture in common go to one side together, where the others are that have a side already; those held out by
    name take them along. Raises `MismatchError`, and `NotFoundError` for unknown ids.

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


def doubles(subjects: Sequence[Subject]) -> tuple[tuple[str, ...], ...]:
    """Return the ids of people who have a picture in common, of whatever expression, in groups of two and more.

    >>> people = [Subject("anna", None, {"neutral": "a1"}), Subject("ben", None, {"neutral": "b1"})]
    >>> doubles([*people, Subject("anna2", None, {"neutral": "a1"})])
    (('anna', 'anna2'),)
    """
    return tuple(group for group in _groups(subjects) if len(group) > 1)


def _groups(subjects: Sequence[Subject]) -> list[tuple[str, ...]]:
    """Return everybody's id, with those who have a picture in common, in the order of the first of each group."""
    group_of: dict[str, list[str]] = {}
    of_picture: dict[str, str] = {}
    for subject in subjects:
        group_of[subject.id] = [subject.id]
        for picture in subject.digests.values():
            first = group_of[of_picture.setdefault(picture, subject.id)]
            own = group_of[subject.id]
            if own is not first:
                first += own
                group_of.update(dict.fromkeys(own, first))
    place = {subject.id: number for number, subject in enumerate(subjects)}
    found = {id(group): tuple(sorted(group, key=place.__getitem__)) for group in group_of.values()}
    return list(found.values())


def _lowest(subjects: Sequence[Subject], fraction: float) -> set[str]:
    if not 0 <= fraction < 1:
        raise MismatchError(f"a fraction of {fraction} was to be held out; expected 0 <= fraction < 1")
    sides = {subject.id: subject.split for subject in subjects}
    if None not in sides.values():
        return set()
    groups = _groups(subjects)
    chosen = _joining(groups, sides)
    n_people = sum(not subject.is_nobody for subject in subjects)
    left = round(fraction * n_people) - len(chosen.union(name for name in sides if sides[name] == "holdout"))
    new = [group for group in groups if not any(sides[name] for name in group)]
    for group in sorted(new, key=lambda group: min(map(_rank, group))):
        if len(group) <= left:
            chosen.update(group)
            left -= len(group)
    return chosen


def _joining(groups: Iterable[tuple[str, ...]], sides: Mapping[str, Split | None]) -> set[str]:
    """Return who is held out because others are who have a picture in common with them.

    Where some of these are on the other side, what is new is learned from, as they are.
    """
    return {
        name
        for group in groups
        if {sides[other] for other in group} in ({"holdout"}, {"holdout", None})
        for name in group
    }


def _rank(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def _named(subjects: Sequence[Subject], ids: Collection[str]) -> set[str]:
    sides = {subject.id: subject.split for subject in subjects}
    wanted = set(ids)
    unknown = sorted(wanted - sides.keys())
    if unknown:
        raise NotFoundError(f"{len(unknown)} people to hold out are not in the stack, the first is {unknown[0]!r}")
    trained = sorted(name for name in ids if sides[name] == "train")
    if trained:
        raise MismatchError(
            f"{len(trained)} people to hold out are to be trained on since earlier, the first is {trained[0]!r}; nobody"
            " changes side: hold out others, or make a new stack"
        )
    groups = _groups(subjects)
    return _joining(groups, sides) | {name for group in groups if not wanted.isdisjoint(group) for name in group}
