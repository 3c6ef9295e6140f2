"""Regions and the chunks under them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.blobs.regions import check_whole_chunks, chunk_keys, resolve_region
from storage.errors import MismatchError


def test_a_region_gets_explicit_bounds() -> None:
    assert resolve_region(None, (3, 5), "array") == (slice(0, 3), slice(0, 5))
    assert resolve_region((slice(None), slice(2, None)), (3, 5), "array") == (slice(0, 3), slice(2, 5))


@pytest.mark.parametrize("part", [slice(0, 6), slice(-1, 3), slice(2, 2), slice(3, 1), slice(0, 4, 2)])
def test_slices_that_numpy_would_bend_are_refused(part: slice) -> None:
    with pytest.raises(MismatchError, match=r"array a: slice.* of dimension 1, which has the length 5"):
        resolve_region((slice(0, 3), part), (3, 5), "array a")


def test_every_dimension_needs_a_slice() -> None:
    with pytest.raises(MismatchError, match=r"array a: 1 slices were given for an array of shape \(3, 5\)"):
        resolve_region((slice(0, 3),), (3, 5), "array a")


def test_chunk_keys_are_those_of_zarr() -> None:
    assert list(chunk_keys((slice(0, 3), slice(16, 40)), (3, 16))) == ["c/0/1", "c/0/2"]


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 9)), min_size=1, max_size=3))
def test_chunks_of_the_whole_array_are_its_grid(sides: list[tuple[int, int]]) -> None:
    shape, chunks = zip(*sides, strict=True)
    keys = list(chunk_keys(resolve_region(None, shape, "array"), chunks))
    assert len(keys) == len(set(keys)) == math.prod(-(-length // chunk) for length, chunk in sides)


@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 40), st.integers(1, 40))
def test_whole_chunks_share_no_chunk_with_their_neighbours(length: int, chunk: int, start: int, size: int) -> None:
    stop = min(start + size, length)
    if start >= stop:
        return
    touched = set(chunk_keys((slice(start, stop),), (chunk,)))
    others = {
        key
        for part in (slice(0, start), slice(stop, length))
        if part.start < part.stop
        for key in chunk_keys((part,), (chunk,))
    }
    try:
        check_whole_chunks((slice(start, stop),), (length,), (chunk,), "array")
    except MismatchError:
        assert touched & others
    else:
        assert not touched & others
