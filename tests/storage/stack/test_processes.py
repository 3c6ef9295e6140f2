"""Writers of a stack that are killed, or that want it at the same time."""

from __future__ import annotations

import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from storage.stack.format import digest
from storage.stack.reading import TrainingStack
from storage.stack.writer import StackWriter
from tests.storage.conftest import SPEC, person
from tests.storage.processes import append_for_ever, append_one, instants, run_together, running, wait_until

EVERYWHERE = (slice(0, 20), slice(0, 24))


def check_committed(path: Path) -> TrainingStack:
    """Check that every image named by the stack is there, and the right one; return the stack."""
    stack = TrainingStack.open(path)
    for expression in stack.expressions:
        present = [index for index, subject in enumerate(stack.subjects) if expression in subject.digests]
        for index, pixels in zip(present, stack.read(expression, present, *EVERYWHERE), strict=True):
            subject = stack.subjects[index]
            assert digest(pixels) == subject.digests[expression]
            np.testing.assert_array_equal(pixels, person(int(subject.id), expression).images[expression])
    return stack


def _has_people(path: Path, n_people: int) -> bool:
    return TrainingStack.open(path).n_samples >= n_people


@pytest.mark.slow
def test_a_writer_killed_at_any_instant_leaves_whole_batches(tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    path = tmp_path / "faces"
    StackWriter.create(path, SPEC).close()
    n_people = []
    for progress_first, instant in instants(longest=0.06):
        wanted = TrainingStack.open(path).n_samples + (2 if progress_first else 0)
        with running(append_for_ever, str(path)):
            wait_until(partial(_has_people, path, wanted))
            time.sleep(instant)
        stack = check_committed(path)
        assert stack.n_samples % 2 == 0
        assert [subject.id for subject in stack.subjects] == [f"{i:03d}" for i in range(stack.n_samples)]
        n_people.append(stack.n_samples)
        StackWriter.open(path).close()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            dataset = xarray.open_zarr(path, consolidated=False, chunks=None)
        if stack.n_samples:
            assert dataset.sizes["sample"] == stack.n_samples
            assert dataset["subject"].values.tolist() == [subject.id for subject in stack.subjects]
    assert n_people == sorted(n_people)
    leftovers = [p for p in path.rglob("*") if p.suffix in (".partial", ".commit")]
    assert leftovers == []


def test_a_reader_sees_whole_batches_while_a_writer_appends(tmp_path: Path) -> None:
    path = tmp_path / "faces"
    StackWriter.create(path, SPEC).close()
    with running(append_for_ever, str(path)):
        sizes: list[int] = []
        until = time.monotonic() + 60
        while (not sizes or sizes[-1] < 20) and time.monotonic() < until:
            sizes.append(check_committed(path).n_samples)
    assert sizes == sorted(sizes)
    assert sizes[-1] >= 20
    assert all(size % 2 == 0 for size in sizes)


def test_writers_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "faces"
    StackWriter.create(path, SPEC).close()
    run_together([(append_one, str(path), number) for number in range(6)])
    stack = check_committed(path)
    assert sorted(subject.id for subject in stack.subjects) == [f"{number:03d}" for number in range(6)]
