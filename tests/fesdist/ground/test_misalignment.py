"""Photographs of a pair that lie at different places, and those that do not although faces move in them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.ground import misalignment
from fesdist.ground.misalignment import Misalignment, misalignments_of
from fesdist.ground.signature import Floats, Signature, signature
from fesdist.images.decode import decode
from fesdist.images.resize import resize
from tests.fesdist.ground.heads import head


def alone(before: NDArray[Any], after: NDArray[Any]) -> Misalignment:
    """Return how the second photograph of a single pair lies to the first."""
    (found,) = misalignments_of([(before, after)])
    return found


@pytest.mark.parametrize(
    ("down", "right", "words"),
    [(0.06, 0.0, "6 % lower"), (0.0, -0.095, "9 % further left"), (-0.03, 0.06, "3 % higher and 6 % further right")],
)
def test_where_the_second_lies_is_told(down: float, right: float, words: str) -> None:
    found = alone(head(1, (128, 96)), head(1, (128, 96), down, right))
    assert (found.differs, found.in_words()) == (True, words)


def test_light_and_contrast_move_nothing() -> None:
    before = head(2, (64, 64))
    assert alone(before, 40 + before // 2) == Misalignment(1.0)
    assert alone(before / 255, np.full((1, 64, 64), 0.5)) == Misalignment(1.0)


def test_of_tiny_pictures_nothing_is_said() -> None:
    assert alone(head(3, (31, 64)), head(3, (31, 64), 0.1)) == Misalignment(1.0)


@pytest.mark.parametrize("size", [(64, 64), (31, 64)])
def test_many_pairs_are_looked_at_together_and_each_photograph_once(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    befores = [head(person, size) for person in range(3)]
    pairs = [(before, 20 + head(n, size, 0.03 * n) // 2) for n, before in enumerate(befores) for _ in range(2)]
    expected = [alone(before, after) for before, after in pairs]
    looks, moves = Counter[str](), Counter[int]()

    def looked(image: NDArray[Any]) -> Signature:
        looks["of a photograph"] += 1
        return signature(image, misalignment.SIDE)

    def differences(first: Floats, *others: Any) -> Floats:
        moves[len(first)] += 1
        return difference(first, *others)

    difference = misalignment._differences
    monkeypatch.setattr(misalignment, "look", looked)
    monkeypatch.setattr(misalignment, "_differences", differences)
    assert list(misalignments_of(iter(pairs))) == expected
    if min(size) < misalignment.SIDE:
        assert not looks
        assert not moves
    else:
        assert looks["of a photograph"] == 3 + 6
        assert set(moves) == {6}
    monkeypatch.setattr(misalignment, "_AT_ONCE", 4)
    assert list(misalignments_of(pairs)) == expected


def _differing(folder: Path, expression: str, size: tuple[int, int], step: int) -> float:
    names = sorted(path.name for path in (folder / expression).iterdir())[::step]
    pairs = ([resize(decode(folder / each / name), size) for each in ("neutral", expression)] for name in names)
    return float(np.mean([alone(before, after).differs for before, after in pairs]))


def test_aligned_people_lie_alike_and_others_do_not(data_folder: Path, london: Path) -> None:
    assert _differing(data_folder / "london_aligned_128", "smiling", (128, 128), 2) == 0
    for expression in ("surprised", "disgusted"):
        assert _differing(data_folder / "ict_256", expression, (128, 128), 5) == 0
    assert _differing(london, "smiling", (128, 128), 8) > 0.7
