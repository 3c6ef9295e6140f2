"""The frame on the page: where it is placed the photograph changes, and lips lie where Python has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.align.face import Face
from fesdist.align.frame import Fractions, Frame, drop_of, place
from fesdist.exports.source import Source
from fesdist.inference.settings import SynthesisSettings
from tests.fesdist.exports.browser import Browser
from tests.fesdist.exports.pages import SHAPE, export, moving, opened, photograph, shown
from tests.fesdist.inference.conftest import Publish


def corners_of(browser: Browser) -> list[tuple[float, float]]:
    """Return the corners of the frame in the photograph, x and y."""
    corners: list[tuple[float, float]] = browser.evaluate("app.placement.corners.map(({x, y}) => [x, y])")
    return corners


def _inside(corners: list[tuple[float, float]], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which pixels have their middle in the frame."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    inside = np.ones(shape, bool)
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        inside &= (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) >= 0
    return inside


def test_nothing_changes_outside_the_frame(publish: Publish, browser: Browser, tmp_path: Path) -> None:
    export(publish(SHAPE, displacement=moving()), tmp_path / "page.html")
    photo = photograph(tmp_path / "wide.png", (90, 160))
    opened(browser, tmp_path / "page.html", tmp_path / "wide.png")
    assert browser.evaluate("document.body.classList.contains('adjusting')")
    np.testing.assert_array_equal(shown(browser, [1]), photo)
    browser.evaluate(
        "app.placeAt(Placement.fromEyes({x: 60, y: 40}, {x: 80, y: 50}, app.model.eyes, app.shape)); app.adjust(false)"
    )
    found, inside = shown(browser, [1]), _inside(corners_of(browser), (90, 160))
    eyes = browser.evaluate(
        "['left', 'right'].map((eye) => Object.values(app.placement.toPhoto(...app.model.eyes[eye])))"
    )
    np.testing.assert_allclose(eyes, [[60, 40], [80, 50]])
    changed = (found != photo).any(axis=0)
    assert not changed[~inside].any()
    assert changed[inside].mean() > 0.5


@pytest.mark.parametrize("eyes", [((0.3, 0.35), (0.7, 0.35)), ((0.28, 0.3), (0.68, 0.42))])
def test_lips_are_placed_as_python_places_them(
    publish: Publish, browser: Browser, tmp_path: Path, eyes: Fractions
) -> None:
    frame = Frame(eyes, (0.5, 0.75))
    published = publish(SHAPE, displacement=moving(), placed={"eyes": frame.eyes, "lips": frame.lips})
    export(published, tmp_path / "page.html")
    photo = photograph(tmp_path / "wide.png", (90, 160))
    opened(browser, tmp_path / "page.html", tmp_path / "wide.png")
    assert browser.evaluate("document.querySelector('.when-adjusting').innerText").startswith(
        "Drag the rings onto the eyes, the lower one onto the lips, then"
    )
    face = Face(((60, 30), (80, 36)), lips=(66.5, 54))
    browser.evaluate(
        "app.placeAt(Placement.fromEyes({x: 60, y: 30}, {x: 80, y: 36}, app.model.eyes, app.shape)"
        ".withLips({x: 66, y: 55}, app.model))"
    )
    unit = browser.evaluate("app.placement.side") / 100
    browser.evaluate("app.marks.moveRing('lips', 0.5, -1)")
    expected = place(face, frame, SHAPE, drop_of(face, frame, SHAPE)).corners(SHAPE)
    np.testing.assert_allclose(corners_of(browser), np.stack([expected.real, expected.imag], axis=1), atol=5e-3)
    before = browser.evaluate("Object.values(app.placement.toPhoto(...app.model.lips))")
    browser.evaluate("document.querySelector('.ring.lips').focus()")
    browser.send("Input.dispatchKeyEvent", type="keyDown", key="ArrowDown")
    after = browser.evaluate("Object.values(app.placement.toPhoto(...app.model.lips))")
    np.testing.assert_allclose(np.subtract(after, before), [0, unit], atol=1e-6)
    far = "app.placement.withLips({x: 66, y: 500}, app.model) === app.placement"
    assert browser.evaluate(far)
    browser.evaluate("app.adjust(false)")
    found, inside = shown(browser, [1]), _inside(corners_of(browser), photo.shape[1:])
    changed = (found != photo).any(axis=0)
    assert not changed[~inside].any()
    assert changed[inside].mean() > 0.5


def test_a_page_of_a_version_without_lips_has_no_ring_for_them(
    publish: Publish, browser: Browser, tmp_path: Path
) -> None:
    export(publish(SHAPE), tmp_path / "page.html")
    photograph(tmp_path / "wide.png", (90, 160))
    opened(browser, tmp_path / "page.html", tmp_path / "wide.png")
    assert browser.evaluate("document.querySelectorAll('.ring').length") == 2
    hint = browser.evaluate("document.querySelector('.when-adjusting').innerText")
    assert hint == "Drag the rings onto the eyes, then press Done."


@pytest.mark.parametrize("said", [Frame(((0.3, 0.35), (0.7, 0.35)), (0.5, 0.75)), None])
def test_eyes_that_are_given_count_if_the_version_does_not_say_them(publish: Publish, said: Frame | None) -> None:
    published = publish(SHAPE, placed={"eyes": said.eyes, "lips": said.lips} if said else {})
    given = (0.25, 0.4), (0.75, 0.4)
    source = Source.open(published.store, published.reference, (), SynthesisSettings(), given)
    assert source.frame == (said or Frame(given))
