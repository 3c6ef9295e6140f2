"""Faces of every kind, and the page as a whole from two small models."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from fesdist.faces.generate import face
from fesdist.gallery import __main__ as program
from fesdist.gallery import collection
from fesdist.gallery.kinds import KINDS, Face
from tests.fesdist.report.test_build import Page

KIND = {kind.name: kind for kind in KINDS}


@pytest.fixture(scope="module")
def drawn() -> Face:
    return face(1, "neutral", 64)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_keeps_the_size_and_changes_all_but_the_first(kind: object, drawn: Face) -> None:
    changed = KIND[kind.name].of(drawn)  # type: ignore[attr-defined]
    assert (changed.shape, changed.dtype) == (drawn.shape, np.uint8)
    assert np.array_equal(changed, drawn) is (kind is KINDS[0])


@pytest.mark.parametrize(
    ("name", "scale", "degrees", "shift"),
    [("shifted", 1.0, 0.0, 0.05), ("smaller", 0.8, 0.0, 0.0), ("tilted", 1.0, 15.0, 0.0)],
)
def test_a_spot_is_where_the_face_was_moved_to(name: str, scale: float, degrees: float, shift: float) -> None:
    rows, cols = np.mgrid[0:100, 0:100] + 0.5
    x, y = 30.0, 65.0
    spot = np.exp(-((cols - x) ** 2 + (rows - y) ** 2) / 18)
    moved = KIND[name].of(np.repeat((255 * spot).round().astype(np.uint8)[None], 3, axis=0))[0].astype(float)
    found = (moved * cols).sum() / moved.sum(), (moved * rows).sum() / moved.sum()
    dx, dy, turn = scale * (x - 50), scale * (y - 50), math.radians(degrees)
    across, down = dx * math.cos(turn) - dy * math.sin(turn), dx * math.sin(turn) + dy * math.cos(turn)
    assert found == pytest.approx((50 + 100 * shift + across, 50 + 100 * shift + down), abs=0.5)


def test_colours_and_light(drawn: Face) -> None:
    assert np.array_equal(KIND["negative"].of(drawn), 255 - drawn)
    red, _, blue = KIND["red light"].of(drawn).mean(axis=(1, 2)) / drawn.mean(axis=(1, 2))
    assert red > 3 * blue
    dark = KIND["side light"].of(drawn)
    assert dark[:, :, :10].mean() > 3 * dark[:, :, -10:].mean()
    pencil = KIND["pencil"].of(drawn)
    assert np.array_equal(pencil[0], pencil[2])
    assert np.median(pencil) > 200


def test_the_page_has_kinds_and_models_and_needs_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "gallery"
    monkeypatch.setattr(program, "SIDE", 24)
    monkeypatch.setattr(collection, "KINDS", KINDS[:3])
    monkeypatch.setattr("fesdist.comparing.speed._SECONDS", 0.0)
    monkeypatch.delenv("FESDIST_DATA", raising=False)
    monkeypatch.setattr("sys.argv", ["gallery", str(out), "--models", "mr-3,pca", "--people", "10"])
    assert program.main() == 0
    assert capsys.readouterr().out == f"open {out / 'gallery.html'}\n"
    page = Page((out / "gallery.html").read_text(encoding="utf-8"))
    assert all(address.startswith(("data:image/", "#")) for address in page.addresses)
    assert len(page.images) == 3 * 3 * 2
    assert all(image["alt"] for image in page.images)
    for kind in KINDS[:3]:
        assert kind.what in page.text
    monkeypatch.setattr("sys.argv", ["gallery", str(out / "gallery.html")])
    assert program.main() == 1
    assert "gallery: error: " in capsys.readouterr().err
