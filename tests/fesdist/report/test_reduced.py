"""Arrays shrunk chunk by chunk are those shrunk as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fesdist.report.reduced import read_reduced, shrink_to
from storage.datasets.manifest import Facts, ModelFacts, StackFacts
from storage.datasets.spec import ArraySpec, DatasetSpec
from storage.datasets.store import WeightStore
from tests.drafts import create_draft


@pytest.mark.parametrize(("side", "factor"), [(200, 1), (100, 2), (30, 4), (13, 8)])
def test_squares_across_chunks_and_cut_off_at_the_border_are_plain_means(
    tmp_path: Path, side: int, factor: int
) -> None:
    values = np.random.default_rng(4).random((3, 2, 101, 70))
    array = ArraySpec("a", ("channel", "tap", "row", "col"), values.shape, (3, 2, 64, 64), "float64")
    spec = DatasetSpec({}, {"smiling": (array,)})
    store = WeightStore(str(tmp_path))
    draft = create_draft(store, "m", "d", spec, {})
    checksums = draft.write("smiling", "a", (slice(None),) * 4, values)
    model, stack = ModelFacts("", {}), StackFacts("", "", {})
    draft.publish(Facts("", model, "", (101, 70), 3, ("smiling",), stack, {}, ""), checksums)
    reduced = read_reduced(store.open("m"), "smiling", "a", side)
    means = values.mean(axis=0)
    expected = [
        [means[:, row : row + factor, col : col + factor].mean(axis=(1, 2)) for col in range(0, 70, factor)]
        for row in range(0, 101, factor)
    ]
    assert reduced == pytest.approx(np.moveaxis(np.array(expected), -1, 0))


def test_a_plane_that_is_small_enough_stays_as_it_is() -> None:
    plane = np.random.default_rng(5).random((30, 40))
    assert np.array_equal(shrink_to(plane, 40), plane)
    assert shrink_to(plane, 39).shape == (15, 20)
