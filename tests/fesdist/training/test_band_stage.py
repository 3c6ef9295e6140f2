"""Bands of people left out read the stack once where there is room."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fesdist.registry import MaskedRegression
from fesdist.training.band_stage import KEPT_BYTES
from fesdist.training.choosing import band_stage, kept_bytes
from fesdist.training.job import TrainingRequest, define_job
from storage.blobs.guard import GuardedStore
from storage.stack.reading import TrainingStack
from tests.fesdist.training.stacks import write_stack


def test_a_band_that_has_room_reads_each_chunk_once_and_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces = TrainingStack.open(str(write_stack(tmp_path / "faces.zarr", people=6, side=80, channels=1)))
    model, chosen = MaskedRegression.with_window(3), ("ridge", "pool", "mirror")
    job = define_job(TrainingRequest(faces.path, str(tmp_path), "faces", model, subjects="all"), faces)
    stage = band_stage(model, chosen, job, faces)
    assert max(map(len, stage.bands)) > 1
    without = stage.work(0)
    asked, checked = Counter[str](), GuardedStore.checked

    def counting(store: GuardedStore, key: str) -> bytes | None:
        asked[key] += 1
        return checked(store, key)

    monkeypatch.setattr(GuardedStore, "checked", counting)
    found = replace(stage, kept_bytes=KEPT_BYTES).work(0)
    assert {count for key, count in asked.items() if "/c/" in key} == {1}
    for of_group, expected in zip(found, without, strict=True):
        for name in ("squared", "values", "refined"):
            np.testing.assert_array_equal(getattr(of_group, name), getattr(expected, name))


@pytest.mark.parametrize(("megabytes", "at_once", "kept"), [(32, 1, 0), (96, 1, 0), (128, 1, 32), (704, 2, 64)])
def test_a_band_keeps_what_its_worker_has_room_for(megabytes: int, at_once: int, kept: int) -> None:
    assert kept_bytes(megabytes << 20, at_once) == kept << 20
