"""Planes hold the sums they say they hold, exactly for integers, whatever the number of samples and shifts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fesdist.families.windowed.kernels.planes import (
    PASS_SAMPLES,
    SLACK,
    add_products,
    add_samples,
    pack,
    room_for_lines,
)


@given(
    n=st.integers(1, PASS_SAMPLES),
    rows=st.integers(1, 6),
    cols=st.integers(1, 40),
    margin=st.integers(0, 3),
    shifts=st.lists(st.integers(-5, 60), min_size=1, max_size=9),
    floating=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_products_and_samples(n: int, rows: int, cols: int, margin: int, shifts: list[int], floating: bool) -> None:
    generator = np.random.default_rng(n)
    images = generator.integers(0, 256, (2, n, 2, rows, cols), dtype=np.uint8)
    stride, origin = cols + margin, 5
    stop = origin + rows * stride
    length = stop + 60 + SLACK
    lines = np.zeros((2, n, length), np.int64)
    for line, image in zip(lines, images, strict=True):
        for row in range(rows):
            line[:, origin + row * stride :][:, :cols] = image[:, 1, row]
    given_images = images / 255 if floating else images
    rooms = [room_for_lines(n, length, given_images.dtype) for _ in given_images]
    left, right = (pack(image, 1, origin, stride, room) for image, room in zip(given_images, rooms, strict=True))
    start = 7
    products = np.full((len(shifts), length), 11, np.float64 if floating else np.int64)
    samples = products[0].copy()
    add_products(left, right, np.array(shifts), start, stop, products)
    add_samples(left, start, stop, samples)
    scale = 255 if floating else 1
    for k, shift in enumerate(shifts):
        expected = (lines[0, :, start:stop] * lines[1, :, start + shift : stop + shift]).sum(axis=0)
        np.testing.assert_allclose(products[k, start:stop], 11 + expected / scale**2, rtol=1e-13)
        assert floating or np.array_equal(products[k, start:stop], 11 + expected)
    np.testing.assert_allclose(samples[start:stop], 11 + lines[0].sum(axis=0)[start:stop] / scale, rtol=1e-13)
    assert (products[:, :start] == 11).all()


def test_the_largest_pass_stays_exact() -> None:
    white = np.full((PASS_SAMPLES, 1, 1, 64), 255, np.uint8)
    line = pack(white, 0, 0, 64, room_for_lines(PASS_SAMPLES, 64 + SLACK, white.dtype))
    sums = np.full((1, 64 + SLACK), 2**60)
    add_products(line, line, np.array([0]), 0, 64, sums)
    assert (sums[0, :64] == 2**60 + PASS_SAMPLES * 255**2).all()


@pytest.mark.parametrize("n", [1, 2, 7])
def test_pairs_of_samples_share_a_number(n: int) -> None:
    images = np.arange(n * 3 * 18, dtype=np.uint8).reshape(n, 1, 3, 18)
    images.flags.writeable = False
    room = room_for_lines(9, 64, images.dtype)
    # What was there before is gone.
    pack(np.full((9, 1, 3, 18), 255, np.uint8), 0, 2, 20, room)
    halves = pack(images, 0, 2, 20, room).view(np.uint16).reshape(-1, 64, 2)
    assert len(halves) == (n + 1) // 2
    for sample in range(n):
        line = halves[sample // 2, :, sample % 2 if np.little_endian else 1 - sample % 2]
        assert np.array_equal(line[2:62].reshape(3, 20)[:, :18], images[sample, 0])
        assert line.sum() == images[sample].sum(dtype=np.int64)
