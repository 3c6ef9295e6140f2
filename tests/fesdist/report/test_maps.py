"""Maps show what their captions say."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fesdist.report.maps import weight_maps
from storage.datasets.manifest import Facts, ModelFacts, StackFacts
from storage.datasets.spec import ArraySpec, DatasetSpec
from storage.datasets.store import WeightStore
from tests.drafts import create_draft


def test_places_that_are_not_used_do_not_make_a_field_local(tmp_path: Path) -> None:
    rows, cols = np.mgrid[0:4, 0:8]
    support = np.full((1, 3, 4, 8), -1, np.int32)
    support[0, 0] = 8 * rows + (cols + 4) % 8
    array = ArraySpec("support", ("channel", "tap", "row", "col"), support.shape, support.shape, "int32")
    store = WeightStore(str(tmp_path))
    draft = create_draft(store, "m", "d", DatasetSpec({}, {"smiling": (array,)}), {})
    checksums = draft.write("smiling", "support", (slice(None),) * 4, support)
    facts = Facts("", ModelFacts("", {}), "", (4, 8), 3, ("smiling",), StackFacts("", "", {}), {}, "")
    draft.publish(facts, checksums)
    (figure,) = weight_maps(store.open("m"), "smiling")
    assert (figure.scale.high, figure.scale.unit) == ("4", "pixels, mean over the receptive field")
