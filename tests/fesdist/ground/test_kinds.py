"""Two kinds are found as by trying all partings, and are told apart by which is weaker."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from fesdist.ground.kinds import means_of, nearer_kind, two_kinds


def least_cost(pictures: np.ndarray) -> float:
    """Return the least sum of squared distances to the means of two kinds, of all partings that there are."""
    partings = [np.array(each) for each in product([0, 1], repeat=len(pictures)) if 0 < sum(each) < len(pictures)]
    return min(cost(pictures, kinds) for kinds in partings)


def cost(pictures: np.ndarray, kinds: np.ndarray) -> float:
    return float(((pictures - means_of(pictures, kinds)[kinds]) ** 2).sum())


@pytest.mark.parametrize("seed", range(6))
def test_no_parting_of_two_clouds_costs_less(seed: int) -> None:
    random = np.random.default_rng(seed)
    sizes = random.integers(2, 8, 2)
    centres = random.normal(size=(2, 5)) * 2
    pictures = np.concatenate(
        [centre + 0.5 * random.normal(size=(n, 5)) for centre, n in zip(centres, sizes, strict=True)]
    )
    order = random.permutation(len(pictures))
    kinds = two_kinds(pictures[order])
    assert cost(pictures[order], kinds) == pytest.approx(least_cost(pictures))
    strengths = (means_of(pictures[order], kinds) ** 2).sum(axis=1)
    assert strengths[0] < strengths[1]


def test_pictures_that_are_all_alike_are_of_one_kind() -> None:
    assert two_kinds(np.ones((4, 3))).tolist() == [0, 0, 0, 0]
    assert two_kinds(np.ones((1, 3))).tolist() == [0]


def test_a_picture_between_two_kinds_is_of_the_first() -> None:
    means = np.array([[0.0, 0.0], [2.0, 0.0]])
    assert nearer_kind(np.array([[1.0, 5.0], [1.1, 0.0], [-3.0, 0.0]]), means).tolist() == [0, 1, 0]
