"""Memory is what is alive together: all along, and in the largest phase."""

from __future__ import annotations

import numpy as np

from fesdist.ground.memory import Allocation, Memory, Phase, one_after_the_other

SUMS = Allocation("sums", (3, 4), np.int64)
SAMPLES = Allocation("samples", (2, 5), "uint8", copies=3)


def test_bytes_follow_from_shape_dtype_and_copies() -> None:
    assert (SUMS.nbytes, SAMPLES.nbytes) == (96, 30)
    assert Allocation("number", (), "float64").nbytes == 8


def test_phases_do_not_overlap() -> None:
    memory = Memory((SUMS,), (Phase("adding", (SAMPLES,)), Phase("solving", (SUMS, SAMPLES))))
    assert memory.nbytes == 96 + 126
    assert memory.largest.name == "solving"
    assert [part.name for part in memory.biggest(2)] == ["sums", "sums"]
    assert Memory().nbytes == 0


def test_works_around_and_after_each_other() -> None:
    inner = Memory((SAMPLES,), (Phase("adding", (SUMS,)),))
    assert inner.within(SUMS).nbytes == 96 + 126
    assert one_after_the_other([inner, Memory((SUMS, SUMS))]).nbytes == 192
