"""What is near to people who were summed, and what is not; sums are exact, limits come from people left out."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.ground.likeness import Likeness, LikenessSums, limits
from fesdist.ground.signature import UNIT, signature
from tests.fesdist.ground.heads import head, heads


def signatures(images: NDArray[np.uint8]) -> NDArray[np.int8]:
    return np.stack([signature(image) for image in images])


LEARNED = signatures(heads(range(40)))
FOLDS = [LEARNED[fold::5] for fold in range(5)]


def test_sums_add_and_take_away_exactly() -> None:
    whole, part = LikenessSums.of(LEARNED), LikenessSums.of(LEARNED[:7])
    rest = whole - part
    assert (rest.products == LikenessSums.of(LEARNED[7:]).products).all()
    assert ((rest + part).products == whole.products).all()
    assert (part.n_people, rest.n_people) == (7, 33)


def test_flat_images_are_nobody() -> None:
    flat = np.zeros((2, *LEARNED.shape[1:]), np.int8)
    assert (LikenessSums.of(np.concatenate([flat, LEARNED])).products == LikenessSums.of(LEARNED).products).all()
    with_flat = limits([*FOLDS[:4], np.concatenate([FOLDS[4], flat])])
    assert with_flat == limits(FOLDS)


def test_the_distance_is_the_formula() -> None:
    z = LEARNED.reshape(40, -1) / UNIT
    seen = signature(head(77))
    away = (seen - seen.mean()).ravel() / seen.std() - z.mean(axis=0)
    covariance = np.cov(z.T, bias=True) + 0.1 * np.eye(z.shape[1])
    expected = 0.1 / z.shape[1] * away @ np.linalg.solve(covariance, away)
    assert Likeness(LikenessSums.of(LEARNED)).measured(seen)[0] == pytest.approx(expected)


def test_people_who_were_not_seen_pass_and_other_pictures_do_not() -> None:
    known, found = Likeness(LikenessSums.of(LEARNED)), limits(FOLDS)
    assert found is not None
    assert found.people == 40

    def passes(image: NDArray[np.uint8]) -> bool:
        distance, nearer, _ = known.measured(signature(image))
        return distance <= found.distance and nearer <= found.nearer

    assert all(map(passes, heads(range(100, 160))))
    assert not any(passes(head(person)[:, ::-1]) for person in range(100, 120))
    assert not any(passes(head(person, down=0.15)) for person in range(100, 120))
    noise = np.random.default_rng(0).integers(0, 256, (20, 3, 24, 20), dtype=np.uint8)
    assert not any(map(passes, noise))


def test_it_is_said_how_a_picture_would_lie_better() -> None:
    known = Likeness(LikenessSums.of(LEARNED))
    assert known.measured(signature(head(100, down=0.08)))[2] == "moved up by 8%"
    assert known.measured(signature(head(100, right=-0.15)))[2] == "moved right by 15%"
    assert known.measured(signature(np.rot90(head(100), axes=(1, 2))))[2] == "turned by 270 degrees"


def test_few_people_tell_nothing() -> None:
    assert limits([LEARNED[fold:9:5] for fold in range(5)]) is None
    assert limits([LEARNED[fold:10:5] for fold in range(5)]) is not None
