"""Who is held out."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import MismatchError, NotFoundError
from storage.stack import split
from storage.stack.format import Subject
from storage.stack.split import assign_split, doubles


def held_out(subjects: tuple[Subject, ...]) -> set[str]:
    return {subject.id for subject in subjects if subject.holdout}


@given(st.integers(0, 60), st.floats(0, 0.99))
def test_the_number_held_out_is_exact(n_people: int, fraction: float) -> None:
    subjects = assign_split([Subject(f"{i}") for i in range(n_people)], fraction, None)
    assert len(held_out(subjects)) == round(fraction * n_people)
    assert all(subject.split is not None for subject in subjects)


def test_those_who_have_a_side_are_not_ranked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ranked = []
    rank = split._rank
    monkeypatch.setattr(split, "_rank", lambda name: ranked.append(name) or rank(name))
    known = [Subject(f"{i}", "holdout" if i < 2 else "train") for i in range(10)]
    new = [f"new{i}" for i in range(10)]
    chosen = held_out(assign_split([*known, *map(Subject, new)], 0.2, None))
    assert sorted(ranked) == new
    assert chosen == {"0", "1", *sorted(new, key=lambda name: hashlib.sha256(name.encode()).digest())[:2]}


def test_where_everybody_has_a_side_nobody_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "_groups", None)
    people = (Subject("ann", "train"), Subject("bob", "holdout"))
    assert assign_split(people, 0.9, None) == people


@given(st.permutations([f"{i}" for i in range(12)]))
def test_the_choice_does_not_depend_on_the_order(ids: list[str]) -> None:
    chosen = held_out(assign_split([Subject(name) for name in ids], 0.25, None))
    assert chosen == {"8", "9", "10"}


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.floats(0, 0.9))
def test_nobody_changes_side_when_people_are_added(batches: list[int], fraction: float) -> None:
    subjects: tuple[Subject, ...] = ()
    for n_new in batches:
        before = {subject.id: subject.split for subject in subjects}
        new = [Subject(f"{len(subjects) + i}") for i in range(n_new)]
        subjects = assign_split([*subjects, *new], fraction, None)
        assert before.items() <= {subject.id: subject.split for subject in subjects}.items()
        assert abs(len(held_out(subjects)) - fraction * len(subjects)) <= 0.5 or not before


def test_named_people_are_held_out() -> None:
    subjects = assign_split([Subject("ann"), Subject("bob"), Subject("cleo", "holdout")], None, ["bob"])
    assert [subject.split for subject in subjects] == ["train", "holdout", "holdout"]


def test_people_once_trained_on_cannot_be_held_out() -> None:
    with pytest.raises(MismatchError, match="the first is 'ann'; nobody changes side"):
        assign_split([Subject("ann", "train")], None, ["ann"])


def test_unknown_people_cannot_be_held_out() -> None:
    with pytest.raises(NotFoundError, match="1 people to hold out are not in the stack, the first is 'zoe'"):
        assign_split([Subject("ann")], None, ["zoe"])


def test_either_a_fraction_or_ids() -> None:
    for fraction, ids in ((None, None), (0.5, ["ann"])):
        with pytest.raises(MismatchError, match="give either the fraction"):
            assign_split([Subject("ann")], fraction, ids)
    with pytest.raises(MismatchError, match=r"a fraction of 1\.5 was to be held out; expected 0 <= fraction < 1"):
        assign_split([Subject("ann")], 1.5, None)


def _sides(*people: tuple[str, str | None, str], fraction: float | None = None, ids: list[str] | None = None) -> str:
    """Return the sides, a letter a person, of people with a name, a side and letters for their pictures."""
    subjects = [Subject(name, side, {f"e{i}": p for i, p in enumerate(pictures)}) for name, side, pictures in people]  # type: ignore[arg-type]
    return "".join((subject.split or "-")[0] for subject in assign_split(subjects, fraction, ids))


def test_a_picture_in_common_joins_people_through_others() -> None:
    people = [Subject(name, None, {"neutral": a, "happy": b}) for name, a, b in ("a12", "b34", "c56", "d25", "e78")]
    assert doubles(people) == (("a", "c", "d"),)
    assert doubles(people[:2]) == ()


def test_people_with_a_picture_in_common_are_on_one_side() -> None:
    for fraction in (0.2, 0.5, 0.9):
        people = [(f"{name}{n}", None, f"{name}") for name in "abcde" for n in range(2)]
        sides = _sides(*people, fraction=fraction)
        assert sides[::2] == sides[1::2]
        assert sides.count("h") == round(10 * fraction) // 2 * 2


def test_who_comes_later_goes_where_the_others_are() -> None:
    assert _sides(("a", "holdout", "x"), ("b", None, "x"), fraction=0) == "hh"
    assert _sides(("a", "train", "x"), ("b", None, "x"), fraction=0.5) == "tt"
    assert _sides(("a", "train", "x"), ("b", "holdout", "x"), ("c", None, "x"), fraction=0.5) == "tht"
    assert _sides(("a", "holdout", "x"), ("b", None, "x"), ("c", None, "y"), ids=[]) == "hht"
    assert _sides(("a", "holdout", "x"), ("b", None, "x"), ("c", None, "y"), ids=["c"]) == "hhh"
    assert _sides(("a", "train", "x"), ("b", "holdout", "x"), ("c", None, "x"), ids=[]) == "tht"


def test_who_is_held_out_by_name_takes_the_others_along() -> None:
    assert _sides(("a", None, "x"), ("b", None, "x"), ("c", None, "y"), ids=["a"]) == "hht"
    assert _sides(("a", "train", "x"), ("b", None, "x"), ids=["b"]) == "th"
