"""One call makes all sums of a block, each on the plane that is named for it, whatever was there before."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.windowed.kernels.packing import SLACK, pack, room_for_lines
from fesdist.families.windowed.kernels.planes import runs_of
from fesdist.families.windowed.kernels.summing import Summed, add_image_sums, add_sums
from fesdist.simd.octets import PACKED

ROWS, COLS, STRIDE, OWN = 5, 7, 8, 10
END = OWN + ROWS * STRIDE
LENGTH = END + 40 + SLACK
PLANE_SHIFTS, TAP_SHIFTS = (np.array(shifts, np.int64) for shifts in ((0, 1, 8, 9), (-1, 0, 8)))
OF_INPUTS, OF_TAPS = ((shifts, runs_of(shifts)) for shifts in (PLANE_SHIFTS, TAP_SHIFTS))
SAMPLES, CHANNELS = 6, 3


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("squares", [True, False])
def test_all_sums_of_a_block(dtype: type, squares: bool) -> None:
    images = np.random.default_rng(4).integers(0, 256, (3, SAMPLES, CHANNELS, ROWS, COLS)).astype(dtype)
    room = room_for_lines(3, SAMPLES, LENGTH, np.dtype(dtype), CHANNELS)
    assert room.dtype == (PACKED if dtype == np.uint8 else np.float64)
    for image, own in zip(images, room, strict=True):
        n_packed = len(pack(image, range(CHANNELS), OWN, STRIDE, own))
    first_square = 5 + 2 * (len(TAP_SHIFTS) + 1)
    n_planes = first_square + (2 if squares else 0)
    planes = np.array([5, 9]), np.array([first_square, first_square + 1] if squares else [], np.int64)
    summed = Summed(*OF_INPUTS, *OF_TAPS, *planes, END, OWN, END - 1)
    sums = np.full((n_planes, LENGTH), 77, np.int64 if dtype == np.uint8 else np.float64)
    image_sums = np.zeros((3, CHANNELS, LENGTH), sums.dtype)
    add_image_sums(room, n_packed, (0, CHANNELS), END, image_sums)
    add_sums(room, n_packed, summed, sums, True)
    add_sums(room, n_packed, summed, sums, False)

    lines = np.zeros((3, SAMPLES, CHANNELS, LENGTH))
    lines[..., OWN:END].reshape(3, SAMPLES, CHANNELS, ROWS, STRIDE)[..., :COLS] = images
    inputs, *targets = lines.reshape(3, -1, LENGTH)
    expected = [(inputs * _moved(inputs, shift)).sum(axis=0) for shift in PLANE_SHIFTS]
    expected += [inputs.sum(axis=0)]
    for target in targets:
        expected += [(target * _moved(inputs, shift)).sum(axis=0) for shift in TAP_SHIFTS]
        expected += [target.sum(axis=0)]
    if squares:
        expected += [(target**2).sum(axis=0) for target in targets]
    assert np.array_equal(sums, 2 * np.array(expected))
    assert np.array_equal(image_sums, lines.sum(axis=1))


def _moved(line: np.ndarray, shift: int) -> np.ndarray:
    return np.roll(line, -shift, axis=-1)
