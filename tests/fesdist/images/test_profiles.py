"""Colours of a profile are seen as sRGB, and written as the file had them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from fesdist.images.decode import decode
from fesdist.images.encode import encode
from fesdist.images.photograph import read_photograph
from tests.fesdist.images import icc
from tests.fesdist.images.conftest import Pixels, Save


def test_colours_of_a_profile_are_seen_as_srgb_and_stored_as_they_were(save: Save, tmp_path: Path, rgb: Pixels) -> None:
    profile = icc.p3()
    rgb[0, 0] = (255, 0, 0)
    rgb[0, 1] = (200, 100, 100)
    path = save("a.png", rgb, icc_profile=profile)
    photograph = read_photograph(path)
    # By the matrices and curves of the two; pure red lies outside sRGB.
    assert np.abs(photograph.pixels[:, 0, 1] - (214.89, 92.63, 96.62)).max() <= 1
    assert photograph.pixels[:, 0, 0].tolist() == [255, 0, 0]
    assert np.array_equal(photograph.pixels, decode(path))
    encode(tmp_path / "out.png", photograph.fine, photograph.belongings)
    with Image.open(tmp_path / "out.png") as out:
        assert out.info["icc_profile"] == profile
        assert np.array_equal(np.asarray(out), rgb)


def test_a_change_is_one_of_what_is_seen(save: Save, tmp_path: Path) -> None:
    path = save("a.png", np.full((4, 4, 3), (200, 100, 100), np.uint8), icc_profile=icc.p3())
    photograph = read_photograph(path)
    changed = photograph.fine.copy()
    changed[:, :2] -= 30
    encode(tmp_path / "out.png", changed, photograph.belongings)
    assert np.abs(decode(tmp_path / "out.png").astype(int) - changed).max() <= 1
    with Image.open(tmp_path / "out.png") as out:
        assert np.asarray(out)[3, 3].tolist() == [200, 100, 100]


def test_at_another_size_colours_are_carried_back(save: Save, tmp_path: Path) -> None:
    photograph = read_photograph(save("a.png", np.full((4, 4, 3), (200, 100, 100), np.uint8), icc_profile=icc.p3()))
    small = np.full((3, 2, 2), 120, np.uint8)
    encode(tmp_path / "out.png", small, photograph.belongings)
    assert np.abs(decode(tmp_path / "out.png").astype(int) - small).max() <= 1
    with Image.open(tmp_path / "out.png") as out:
        assert out.info["icc_profile"] == icc.p3()


def test_srgb_under_another_name_changes_no_bit(save: Save, tmp_path: Path, rgb: Pixels) -> None:
    photograph = read_photograph(save("a.png", rgb, icc_profile=icc.same_as_srgb()))
    assert np.array_equal(photograph.pixels, rgb.transpose(2, 0, 1))
    assert photograph.belongings.original is None
    encode(tmp_path / "out.png", photograph.fine, photograph.belongings)
    with Image.open(tmp_path / "out.png") as out:
        assert out.info["icc_profile"] == icc.same_as_srgb()


def test_gray_profiles(save: Save, tmp_path: Path) -> None:
    values = np.arange(256, dtype=np.uint8)[None]
    photograph = read_photograph(save("a.png", values, icc_profile=icc.gray(1.0)))
    linear = values / 255
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    assert np.abs(photograph.pixels[0] - expected).max() <= 1
    encode(tmp_path / "out.png", photograph.fine, photograph.belongings)
    with Image.open(tmp_path / "out.png") as out:
        assert np.array_equal(np.asarray(out), values)
        assert out.info["icc_profile"] == icc.gray(1.0)
    # Three channels cannot have it.
    encode(tmp_path / "rgb.png", np.repeat(photograph.fine, 3, axis=0), photograph.belongings)
    with Image.open(tmp_path / "rgb.png") as out:
        assert "icc_profile" not in out.info
        assert np.array_equal(np.asarray(out)[..., 1], photograph.pixels[0])


def test_inks_become_what_their_profile_says_and_outputs_are_rgb_without_it(save: Save, tmp_path: Path) -> None:
    inks = Image.frombytes("CMYK", (3, 1), bytes((0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255)))
    photograph = read_photograph(save("a.tif", inks, icc_profile=icc.inks_as_gray()))
    # L* = 50 is 119 in sRGB; without a profile cyan would be (0, 255, 255).
    assert np.abs(photograph.pixels[:, 0].T.astype(int) - [[255] * 3, [119] * 3, [0] * 3]).max() <= 2
    encode(tmp_path / "out.tif", photograph.fine, photograph.belongings)
    with Image.open(tmp_path / "out.tif") as out:
        assert out.mode == "RGB"
        assert "icc_profile" not in out.info
        assert np.array_equal(np.asarray(out).transpose(2, 0, 1), photograph.pixels)


def test_damaged_profiles_are_none(save: Save, rgb: Pixels) -> None:
    photograph = read_photograph(save("a.png", rgb, icc_profile=b"no profile at all"))
    assert np.array_equal(photograph.pixels, rgb.transpose(2, 0, 1))
    assert photograph.belongings.profile == b""
