"""What people see, each measure against a slow transcription, and what degenerate faces give."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.feature import hog

from fesdist.evaluation.classifier import RIDGE, ExpressionClassifier
from fesdist.evaluation.descriptors import CELL, ORIENTATIONS, SIDE, describe, identity_rows
from fesdist.evaluation.judging import with_nearest
from fesdist.evaluation.looks import REAL, Looks
from fesdist.evaluation.scores import MODEL, UNCHANGED
from fesdist.ground.measures import gradient_energy
from fesdist.ground.tiles import Region


@pytest.fixture
def faces() -> NDArray[np.float32]:
    """Return three colour images of the side of the descriptor."""
    return np.random.default_rng(0).random((3, 3, SIDE, SIDE)).astype(np.float32)


def test_gradient_energy_is_the_mean_of_squared_steps() -> None:
    images = np.random.default_rng(1).random((2, 3, 7, 6))
    mouth = Region(3, 6, 1, 5)
    expected = np.zeros((2, 2))
    for region, (rows, cols) in enumerate(((range(7), range(6)), (range(3, 6), range(1, 5)))):
        for sample in range(2):
            down = [
                (images[sample, c, i + 1, j] - images[sample, c, i, j]) ** 2
                for c in range(3)
                for i in rows[:-1]
                for j in cols
            ]
            across = [
                (images[sample, c, i, j + 1] - images[sample, c, i, j]) ** 2
                for c in range(3)
                for i in rows
                for j in cols[:-1]
            ]
            expected[region, sample] = np.mean(down) + np.mean(across)
    np.testing.assert_allclose(gradient_energy(images, mouth), expected, rtol=1e-12)
    assert not gradient_energy(np.full((1, 1, 7, 6), 0.5), mouth).any()
    assert not gradient_energy(images, Region(3, 4, 1, 2))[1].any()


def test_descriptors_are_the_blocks_of_one_histogram(faces: NDArray[np.float32]) -> None:
    described = describe(faces, 0.6)
    gray = np.einsum("ncij,c->nij", faces, np.array([0.299, 0.587, 0.114]))
    for image, expression, identity in zip(gray, described.expression, described.identity, strict=True):
        blocks = hog(image, ORIENTATIONS, (CELL, CELL), (2, 2), feature_vector=False)
        np.testing.assert_allclose(expression, blocks[3:14, 3:12].ravel(), atol=2e-3)
        # Eight rows of blocks are nine of cells, which end at 54 of 96 rows; the mouth begins at 57.6.
        above = blocks[:8].ravel()
        np.testing.assert_allclose(identity, above / np.linalg.norm(above), atol=2e-3)


@pytest.mark.parametrize("side", [16, 56, 300])
@pytest.mark.parametrize("channels", [1, 3])
def test_faces_of_any_size_have_descriptors_of_one_size(side: int, channels: int) -> None:
    image = np.random.default_rng(2).random((1, channels, side, side + 4)).astype(np.float32)
    described = describe(image, 0.6)
    assert described.expression.shape == (1, 2376)
    assert described.identity.shape == (1, 2880)
    assert np.isfinite(described.expression).all()
    assert np.linalg.norm(described.identity) == pytest.approx(1, rel=1e-5)


def test_the_mouth_does_not_change_who_somebody_is(faces: NDArray[np.float32]) -> None:
    other = faces.copy()
    other[:, :, round(0.6 * SIDE) :] = 0.5
    assert np.array_equal(describe(faces, 0.6).identity, describe(other, 0.6).identity)
    assert not np.array_equal(describe(faces, 0.6).expression, describe(other, 0.6).expression)
    assert identity_rows(0.05) == 0


@pytest.mark.parametrize(("values", "unknowns"), [(4, 4), (10, 10), (30, 10)])
def test_the_classifier_is_a_ridge_regression_in_which_expressions_weigh_the_same(
    monkeypatch: pytest.MonkeyPatch, values: int, unknowns: int
) -> None:
    """Its equations are as many as photographs or values, whichever are fewer."""
    rng = np.random.default_rng(3)
    photographs = {
        "neutral": rng.normal(0, 1, (5, values)),
        "happy": rng.normal(1, 1, (2, values)),
        "sad": rng.normal(-1, 1, (3, values)),
    }
    rows = [(row, k, 1 / (3 * len(found))) for k, found in enumerate(photographs.values()) for row in found]
    centre = sum(weight * row for row, _, weight in rows)
    total = sum(weight * np.sum((row - centre) ** 2) for row, _, weight in rows)
    normal, right = RIDGE * total / len(rows) * np.eye(values), np.zeros((values, 3))
    for row, k, weight in rows:
        indicator = np.array([float(k == other) - 1 / 3 for other in range(3)])
        normal += weight * np.outer(row - centre, row - centre)
        right += weight * np.outer(row - centre, indicator)
    expected_weights = np.linalg.solve(normal, right)
    solve, solved = np.linalg.solve, []
    monkeypatch.setattr(np.linalg, "solve", lambda a, b: solved.append(len(a)) or solve(a, b))
    learned = ExpressionClassifier.learn({name: rows.astype(np.float32) for name, rows in photographs.items()})
    assert solved == [unknowns]
    np.testing.assert_allclose(learned.weights, expected_weights, atol=1e-5)
    np.testing.assert_allclose(learned.centre, centre, atol=1e-6)
    probes = rng.normal(0, 2, (20, values)).astype(np.float32)
    expected = [["neutral", "happy", "sad"][int(np.argmax((probe - centre) @ learned.weights))] for probe in probes]
    assert learned.take(probes) == tuple(expected)
    assert len(set(expected)) == 3


def test_photographs_that_are_all_alike_teach_nothing_and_harm_nothing() -> None:
    alike = np.ones((2, 3), np.float32)
    learned = ExpressionClassifier.learn({"neutral": alike, "happy": alike})
    assert not learned.weights.any()
    assert learned.take(np.array([[0, 0, 0], [1, 0, 0]], np.float32)) == ("", "neutral")


def test_uniform_faces_are_taken_for_nothing_and_are_nobody(faces: NDArray[np.float32]) -> None:
    faces[1] = 0.25
    described = describe(faces, 0.6)
    learned = ExpressionClassifier.learn({"neutral": described.expression[:1], "happy": described.expression[2:]})
    assert learned.take(described.expression) == ("neutral", "", "happy")
    identities = {UNCHANGED: described.identity.astype(np.float16)}
    assert with_nearest(Looks(), identities, ["a", "b", "c"]).nearest[UNCHANGED] == ("a", "", "c")


def test_the_nearest_photograph_is_the_one_at_the_smallest_angle() -> None:
    rng = np.random.default_rng(4)
    known, made = (rng.normal(size=(300, 5)).astype(np.float16) for _ in range(2))
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    ids = [f"p{number}" for number in range(300)]
    found = with_nearest(Looks(), {UNCHANGED: known, MODEL: made}, ids).nearest[MODEL]
    for position in (0, 150, 299):
        products = [float(made[position].astype(float) @ one.astype(float)) for one in known]
        assert found[position] == ids[int(np.argmax(products))]


def test_shares_are_counted_and_what_was_not_measured_is_none() -> None:
    energy = {UNCHANGED: {"face": (1.0, 1.0), "mouth": (0.0, 0.0)}, REAL: {"face": (3.0, 1.0), "mouth": (2.0, 2.0)}}
    looks = Looks({UNCHANGED: ("happy", "sad")}, {UNCHANGED: ("a", "a")}, energy)
    seen = looks.seen(UNCHANGED, "happy", ["a", "b"])
    assert seen.shares() == (0.5, 0.5, 0.5, 0.0)
    assert looks.seen(REAL, "happy", ["a", "b"], beside=UNCHANGED).shares() == (None, None, 2.0, None)
    assert looks.seen(MODEL, "happy", ["a", "b"]).shares() == (None,) * 4


def test_looks_of_batches_are_joined_in_order() -> None:
    parts = [
        Looks({MODEL: (name,)}, {}, {MODEL: {"face": (value,), "mouth": (0.0,)}}, {"identity": "why"})
        for name, value in (("a", 1.0), ("b", 2.0))
    ]
    energy = {MODEL: {"face": (1.0, 2.0), "mouth": (0.0, 0.0)}}
    assert Looks.joined(parts) == Looks({MODEL: ("a", "b")}, {}, energy, {"identity": "why"})
