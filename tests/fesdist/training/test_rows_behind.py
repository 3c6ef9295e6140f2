"""Whole rows of chunks are written as soon as they are solved, each once, and a failure is heard of before the end."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import wait
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.ground.tiles import Region
from fesdist.training.rows_behind import RowsBehind
from storage.datasets.draft import WeightDraft, Written
from storage.errors import NoSpaceError

REGION = Region(256, 456, 128, 256)
"""Of 200 rows: a chunk of 128, and what is left of another."""


@dataclass
class _Draft:
    fails: bool = False
    values: dict[tuple[str, str], NDArray[Any]] = field(default_factory=dict)
    asked: list[tuple[int, int]] = field(default_factory=list)

    def write_all(self, parts: Iterable[Written]) -> dict[str, str]:
        if self.fails:
            raise NoSpaceError("no space left")
        for part in parts:
            rows, cols = part.region[-2:]
            assert cols == slice(128, 256)
            whole = self.values.setdefault(part[:2], np.zeros((2, 456, 128)))
            whole[:, rows] += part.values
        self.asked.append((rows.start, rows.stop))
        return {f"c/{rows.start}": "a checksum"}


def test_rows_are_written_once_and_whole() -> None:
    draft = _Draft()
    arrays = {"sad": {"weights": np.random.default_rng(0).random((2, 200, 128))}}
    with RowsBehind(cast(WeightDraft, draft), REGION, 128) as behind:
        for stop in (64, 128, 192, 200, 200):
            behind.solved(arrays, stop)
        found = behind.checksums()
    assert draft.asked == [(256, 384), (384, 456)]
    assert found == {"c/256": "a checksum", "c/384": "a checksum"}
    np.testing.assert_array_equal(draft.values["sad", "weights"][:, 256:], arrays["sad"]["weights"])


def test_a_disk_that_is_full_is_heard_of_with_the_next_rows() -> None:
    arrays = {"sad": {"weights": np.zeros((2, 200, 128))}}
    with RowsBehind(cast(WeightDraft, _Draft(fails=True)), REGION, 64) as behind:
        behind.solved(arrays, 64)
        wait(behind._under_way)
        with pytest.raises(NoSpaceError):
            behind.solved(arrays, 128)
        with pytest.raises(NoSpaceError):
            behind.checksums()
