"""Maps show what their captions say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from fesdist.report.maps import weight_maps
from storage.datasets.manifest import Facts, ModelFacts, StackFacts
from storage.datasets.spec import ArraySpec, DatasetSpec
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from tests.drafts import create_draft


def _of_support(path: Path) -> WeightVersion:
    """Return a version in which each pixel reads the one four columns further, and twice nothing."""
    rows, cols = np.mgrid[0:4, 0:8]
    support = np.full((1, 3, 4, 8), -1, np.int32)
    support[0, 0] = 8 * rows + (cols + 4) % 8
    array = ArraySpec("support", ("channel", "tap", "row", "col"), support.shape, support.shape, "int32")
    store = WeightStore(str(path))
    draft = create_draft(store, "m", "d", DatasetSpec({}, {"smiling": (array,)}), {})
    checksums = draft.write("smiling", "support", (slice(None),) * 4, support)
    facts = Facts("", ModelFacts("", {}), "", (4, 8), 3, ("smiling",), StackFacts("", "", {}), {}, "")
    draft.publish(facts, checksums)
    return store.open("m")


def test_places_that_are_not_used_do_not_make_a_field_local(tmp_path: Path) -> None:
    (figure,) = weight_maps(_of_support(tmp_path), "smiling")
    assert (figure.scale.high, figure.scale.unit) == ("4", "pixels, mean over the receptive field")


def test_the_arrays_of_an_expression_are_opened_once_for_all_maps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, arrays, opened = _of_support(tmp_path), zarr.Group.arrays, []

    def counted(group: zarr.Group) -> Iterator[tuple[str, zarr.Array[Any]]]:
        opened.append(group.path)
        yield from arrays(group)

    monkeypatch.setattr(zarr.Group, "arrays", counted)
    assert len([*weight_maps(version, "smiling")]) == 1
    assert opened == ["smiling"]
