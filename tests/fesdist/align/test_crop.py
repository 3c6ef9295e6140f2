"""The model's image of a face: against exact means and a slow transcription, at every scale, beyond the border."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.align import crop as cropping
from fesdist.align.crop import crop
from fesdist.align.frame import Placement


def _noise(shape: tuple[int, int], channels: int = 3, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (channels, *shape), dtype=np.uint8)


def _wave(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return 128 + 60 * np.sin(x / 17) + 50 * np.cos(y / 23)


def test_whole_pixels_are_copied() -> None:
    photograph = _noise((40, 50))
    assert np.array_equal(crop(photograph, Placement.similar(1 + 0j, 7 + 5j), (16, 24)), photograph[:, 5:21, 7:31])


@pytest.mark.parametrize("factor", [2, 3, 7])
def test_whole_factors_are_means(factor: int) -> None:
    photograph = _noise((20 * factor, 22 * factor))
    made = crop(photograph, Placement.similar(complex(factor), 4 * factor + 3j * factor), (8, 9))
    part = photograph[:, 3 * factor : 11 * factor, 4 * factor : 13 * factor].astype(float)
    means = part.reshape(3, 8, factor, 9, factor).mean(axis=(2, 4))
    # Pillow divides by multiplying with a reciprocal, so that ties and what is next to them may go either way.
    assert np.abs(made - means).max() <= 0.6


@pytest.mark.parametrize("scale", [0.4, 1.0, 1.7, 2.5, 6.3])
@pytest.mark.parametrize("degrees", [0.0, 21.0, -160.0])
@pytest.mark.parametrize("drop", [1 + 0j, 1.2 - 0.15j])
def test_what_varies_slowly_is_found_where_it_is(scale: float, degrees: float, drop: complex) -> None:
    rows, cols = 300, 340
    down, right = np.mgrid[:rows, :cols] + 0.5
    photograph = np.rint(_wave(right, down)).astype(np.uint8)[None]
    turn = scale * complex(math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    shape = (20, 24)
    down = 1j * drop * turn
    placement = Placement(turn, down, 170 + 150j - turn * shape[1] / 2 - down * shape[0] / 2)
    w = np.mgrid[: shape[0], : shape[1]] + 0.5
    z = placement.across * w[1] + placement.down * w[0] + placement.shift
    # The mean of a sine over a square is the sine, a little lower.
    lower = (np.sinc(scale / 17 / (2 * np.pi)), np.sinc(scale / 23 / (2 * np.pi)))
    expected = 128 + lower[0] * 60 * np.sin(z.real / 17) + lower[1] * 50 * np.cos(z.imag / 23)
    assert np.abs(crop(photograph, placement, shape)[0] - expected).max() < 1.6


@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize(("least", "most"), [(1.0, 2.2), (2.0, 4.1)])
def test_a_stretched_face_is_reduced_along_each_axis_as_far_as_it_is_there(
    least: float, most: float, upright: bool
) -> None:
    period = 6 * least
    wave = np.rint(128 + 100 * np.sin((np.arange(240) + 0.5) * 2 * np.pi / period)).astype(np.uint8)
    photograph = np.broadcast_to(wave, (1, 240, 240))
    made = crop(photograph, Placement(complex(least), 1j * most, 30 + 30j), (40, 40))[0]
    if not upright:
        turned = crop(photograph.swapaxes(1, 2), Placement(complex(most), 1j * least, 30 + 30j), (40, 40))[0]
        made = turned.T
    places = 30 + least * (np.arange(40) + 0.5)
    expected = 128 + 100 * np.sinc(1 / 6) * np.sin(places * 2 * np.pi / period)
    assert np.abs(made - expected).max() < 6


def test_beyond_the_border_its_edge_goes_on() -> None:
    photograph = _noise((12, 12), channels=1)
    made = crop(photograph, Placement.similar(1 + 0j, -3 + 9j), (6, 8))[0]
    rows, cols = np.clip(np.arange(9, 15), 0, 11), np.clip(np.arange(-3, 5), 0, 11)
    assert np.array_equal(made, photograph[0][np.ix_(rows, cols)])
    far = crop(photograph, Placement.similar(1 + 0j, 1e9 + 1e9j), (4, 4))
    assert (far == photograph[0, -1, -1]).all()


def test_strips_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    photograph, placement = _noise((90, 80)), Placement.similar(1.3 + 0.4j, 3 - 4j)
    whole = crop(photograph, placement, (40, 44))
    monkeypatch.setattr(cropping, "_STRIP_SAMPLES", 500)
    assert np.array_equal(crop(photograph, placement, (40, 44)), whole)
