"""Planes hold the sums they say they hold, exactly for integers, whatever the number of samples and shifts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fesdist.families.windowed.kernels.packing import SLACK, pack, pass_samples, room_for_lines
from fesdist.families.windowed.kernels.planes import add_products, add_runs, add_samples, runs_of
from fesdist.simd.octets import BLACK, OCTET_LANES, RUNS, SAMPLES_IN

PAIRS, QUADS, FLOATS = map(np.dtype, (np.uint32, np.int32, np.float64))
PACKED = [PAIRS, QUADS, FLOATS] if OCTET_LANES else [PAIRS, FLOATS]
"""All ways to pack that this CPU can multiply, of which it takes the fastest."""

MOST = 128

RUNS_OF_SHIFTS = st.lists(st.tuples(st.integers(-5, 40), st.integers(1, 20)), min_size=1, max_size=4).map(
    lambda runs: [first + i for first, length in runs for i in range(length)]
)


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("in_runs", [True, False])
@given(
    n=st.integers(1, MOST),
    rows=st.integers(1, 6),
    cols=st.integers(1, 40),
    margin=st.integers(0, 3),
    shifts=st.lists(st.integers(-5, 60), min_size=1, max_size=9) | RUNS_OF_SHIFTS,
)
@settings(max_examples=40)
def test_products_and_samples(
    packed: np.dtype[np.generic], in_runs: bool, n: int, rows: int, cols: int, margin: int, shifts: list[int]
) -> None:
    generator, floating = np.random.default_rng(n), packed == FLOATS
    images = generator.integers(0, 256, (2, n, 2, rows, cols), dtype=np.uint8)
    extreme = generator.integers(0, 2, images.shape) == 0
    images[extreme] = np.where(images[extreme] > 127, 255, 0)
    stride, origin = cols + margin, 5
    stop = origin + rows * stride
    length = stop + 60 + SLACK
    lines = np.zeros((2, n, length), np.int64)
    for line, image in zip(lines, images, strict=True):
        for row in range(rows):
            line[:, origin + row * stride :][:, :cols] = image[:, 1, row]
    given_images = images / 255 if floating else images
    rooms = room_for_lines(2, n, length, packed)
    left, right = (
        pack(image, range(1, 2), origin, stride, room) for image, room in zip(given_images, rooms, strict=True)
    )
    assert left.dtype == packed
    start = 7
    products = np.full((len(shifts), length), 11, np.float64 if floating else np.int64)
    samples = products[0].copy()
    fresh = np.full_like(products, -3 if packed != FLOATS else np.nan)
    for sums, is_fresh in ((products, False), (fresh, True)):
        if in_runs and RUNS and packed == QUADS:
            add_runs(left, right, np.array(shifts), runs_of(np.array(shifts)), start, stop, sums, is_fresh)
        else:
            add_products(left, right, np.array(shifts), start, stop, sums, is_fresh)
    add_samples(left, start, stop, samples)
    scale = 255 if floating else 1
    for k, shift in enumerate(shifts):
        expected = (lines[0, :, start:stop] * lines[1, :, start + shift : stop + shift]).sum(axis=0)
        np.testing.assert_allclose(products[k, start:stop], 11 + expected / scale**2, rtol=1e-13)
        assert floating or np.array_equal(products[k, start:stop], 11 + expected)
        np.testing.assert_allclose(fresh[k, start:stop], expected / scale**2, rtol=1e-13)
        assert floating or np.array_equal(fresh[k, start:stop], expected)
    np.testing.assert_allclose(samples[start:stop], 11 + lines[0].sum(axis=0)[start:stop] / scale, rtol=1e-13)
    assert (products[:, :start] == 11).all()


@pytest.mark.parametrize("packed", [kind for kind in PACKED if kind != FLOATS])
@pytest.mark.parametrize("value", [0, 1, 128, 255])
def test_the_largest_pass_stays_exact(packed: np.dtype[np.generic], value: int) -> None:
    n = pass_samples(np.dtype(np.uint8))
    assert n <= MOST
    alike = np.full((n, 1, 1, 64), value, np.uint8)
    line = pack(alike, range(1), 0, 64, room_for_lines(1, n, 64 + SLACK, packed)[0])
    sums = np.full((4, 64 + SLACK), 2**60)
    add_products(line, line, np.array([0, 1, 2, 3]), 0, 64, sums, False)
    for shift in range(4):
        assert (sums[shift, : 64 - shift] == 2**60 + n * value**2).all()
        assert (sums[shift, 64 - shift : 64] == 2**60).all()


@pytest.mark.parametrize("packed", [kind for kind in PACKED if kind != FLOATS])
@pytest.mark.parametrize("n", [1, 2, 3, 6, 7, 8])
@pytest.mark.parametrize("cols", [9, 18, 32])
def test_samples_share_a_number(packed: np.dtype[np.generic], n: int, cols: int) -> None:
    images = np.random.default_rng(n).integers(0, 256, (n, 1, 3, cols), dtype=np.uint8)
    images.flags.writeable = False
    together, stride = SAMPLES_IN[packed], cols + 2
    length = 4 + 3 * stride
    (room,) = room_for_lines(1, 9, length, packed)
    assert (room == BLACK[packed]).all()
    # What was there before is gone.
    pack(np.full((9, 1, 3, cols), 255, np.uint8), range(1), 2, stride, room)
    elements = pack(images, range(1), 2, stride, room)
    assert len(elements) == -(-n // together)
    bits, signs = 32 // together, np.uint32(0x80808080 if packed == QUADS else 0)
    for sample in range(len(elements) * together):
        number = elements[sample // together].view(np.uint32) ^ signs
        line = number >> np.uint32(bits * (sample % together)) & np.uint32(2**bits - 1)
        if sample < n:
            assert np.array_equal(line[2:-2].reshape(3, stride)[:, :cols], images[sample, 0])
        assert line.sum() == (images[sample].sum(dtype=np.int64) if sample < n else 0)
