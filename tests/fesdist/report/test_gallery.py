"""Who is shown: from the best to the worst, labelled, held-out people where there are any."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fesdist.evaluation import comparison
from fesdist.evaluation.comparison import Comparer
from fesdist.report.contact_sheet import gallery_png
from fesdist.report.gallery import Gallery, open_gallery, rank_name, ranks
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack
from tests.fesdist.evaluation.small_store import HELD_OUT, SHAPE, make_stack, publish


def opened(stack: str, store: str, n_people: int) -> Gallery:
    comparer = Comparer(TrainingStack.open(stack), WeightStore(store).open(publish(store, stack)))
    return open_gallery(comparer, "smiling", n_people)


@pytest.mark.parametrize(
    ("n_compared", "n_people", "expected"),
    [
        (16, 6, [0, 3, 7, 9, 12, 15]),
        (16, 3, [0, 7, 15]),
        (5, 5, [0, 1, 2, 3, 4]),
        (3, 6, [0, 1, 2]),
        (2, 6, [0, 1]),
        (1, 6, [0]),
        (9, 1, [0]),
    ],
)
def test_ranks_hold_the_best_the_median_and_the_worst(n_compared: int, n_people: int, expected: list[int]) -> None:
    assert ranks(n_compared, n_people) == expected


def test_ranks_have_names() -> None:
    assert [rank_name(rank, 24) for rank in (0, 1, 2, 3, 10, 11, 21, 23)] == [
        *("best", "2nd of 24", "3rd of 24", "4th of 24"),
        *("11th of 24", "median", "22nd of 24", "worst"),
    ]
    assert [rank_name(rank, 2) for rank in (0, 1)] == ["best", "worst"]


def test_people_ascend_by_error_and_show_their_own_faces(stack: str, store: str) -> None:
    gallery = opened(stack, store, 6)
    errors = [person.error for person in gallery.people]
    assert errors == sorted(errors)
    assert {person.id for person in gallery.people} == set(HELD_OUT)
    stored = TrainingStack.open(stack)
    for person in gallery.people:
        sample = np.array([[subject.id for subject in stored.subjects].index(person.id)])
        for name, shown in (("neutral", person.before), ("smiling", person.target)):
            assert np.array_equal(stored.read(name, sample, slice(0, 24), slice(0, 20))[0], shown)
        assert np.abs(person.synthesized.astype(int) - person.target).max() <= 1


def test_error_maps_are_means_over_people_and_channels(stack: str, store: str) -> None:
    gallery = opened(stack, store, 1)
    stored = TrainingStack.open(stack)
    whole = slice(0, SHAPE[0]), slice(0, SHAPE[1])
    x, t = (stored.read(name, stored.samples("smiling", "holdout"), *whole) / 255 for name in ("neutral", "smiling"))
    assert gallery.unchanged_error == pytest.approx(np.abs(x - t).mean(axis=(0, 1)), abs=1e-6)
    assert gallery.model_error == pytest.approx(np.abs(0.5 * x + 40 / 255 - t).mean(axis=(0, 1)), abs=1e-6)


def test_batches_do_not_change_the_gallery(stack: str, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = opened(stack, store, 3)
    monkeypatch.setattr(comparison, "LARGEST_BATCH", 2)
    in_batches = opened(stack, store, 3)
    assert [(person.id, person.error) for person in in_batches.people] == [
        (person.id, person.error) for person in whole.people
    ]
    assert in_batches.model_error == pytest.approx(whole.model_error, rel=1e-6)


def test_without_held_out_people_those_of_the_training_are_shown(tmp_path: Path, store: str) -> None:
    gallery = opened(make_stack(tmp_path / "all.zarr", held_out=()), store, 4)
    assert (gallery.split, gallery.n_compared, len(gallery.people)) == ("train", 8, 4)


def test_large_faces_are_shown_reduced(tmp_path: Path, store: str) -> None:
    gallery = opened(make_stack(tmp_path / "large.zarr", shape=(520, 260), channels=1), store, 1)
    assert gallery.people[0].before.shape == (1, 256, 128)


def sheet_of(stack: str, store: str, reference: str, people: int) -> Image.Image:
    png = gallery_png(stack, store, reference, people=people)
    assert png is not None
    return Image.open(io.BytesIO(png))


def test_contact_sheet_is_a_png_with_a_row_for_each_person(stack: str, store: str) -> None:
    reference = publish(store, stack)
    one, three = (sheet_of(stack, store, reference, people) for people in (1, 3))
    assert one.format == "PNG"
    assert one.width == three.width > 4 * SHAPE[1]
    assert three.height > one.height + 2 * SHAPE[0]


def test_a_sheet_has_the_expressions_that_somebody_has(tmp_path: Path, stack: str, store: str) -> None:
    both = make_stack(tmp_path / "two.zarr", expressions=("angry", "smiling"))
    reference = publish(store, both, expressions=("angry", "smiling"))
    assert gallery_png(stack, store, reference) == gallery_png(stack, store, publish(store, stack))
    assert gallery_png(make_stack(tmp_path / "none.zarr", expressions=("sad",)), store, reference) is None


def test_faces_of_a_row_or_a_column_make_no_sheet_of_a_mile(tmp_path: Path, store: str) -> None:
    for shape in ((1, 300), (300, 1)):
        stack = make_stack(tmp_path / f"{shape}.zarr", shape=shape)
        sheet = sheet_of(stack, store, publish(store, stack), 1)
        assert 4 * 128 < sheet.width < 4 * 300
        assert sheet.height < 400
