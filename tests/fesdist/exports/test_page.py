"""The page in a real browser: its pixels are Python's, it asks for nothing, and it tells what goes wrong."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array, save_npz

from fesdist.align.frame import USUAL
from fesdist.cli.main import main
from fesdist.exports.page.packing import Change, Packed, pack
from fesdist.exports.source import Source
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from fesdist.images.encode import encode
from fesdist.inference.full_size import add_change
from fesdist.inference.intensities import unit_scale
from fesdist.inference.loaded import LoadedVersion
from fesdist.inference.recipe import Recipe
from fesdist.inference.regions import region_mask
from fesdist.inference.settings import SynthesisSettings
from fesdist.report.build import write_report
from storage.datasets.store import WeightStore
from tests.fesdist.exports.browser import Browser
from tests.fesdist.exports.pages import SHAPE, WEAK, decoded, export, moving, opened, photograph, shown
from tests.fesdist.exports.weight_files import COLS, ROWS, anywhere
from tests.fesdist.inference.conftest import Publish


def unpacked(packed: Packed, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the planes of a page, (plane, row, col), as js/unpack.js finds them."""
    low, high = np.frombuffer(zlib.decompress(base64.b64decode(packed.text)), np.uint8).reshape(2, -1).astype(np.int64)
    codes = low | high << 8
    planes = ((codes >> 1) ^ -(codes & 1)).reshape(-1, *shape).cumsum(axis=1).cumsum(axis=2)
    return np.asarray(planes / packed.step)


def change_of(weights: NDArray[np.float64]) -> Change:
    """Return a change by weights of the pixel itself and of its neighbour, (1, 2, row, col)."""
    return Change("sad", ((0, 0), (0, 1)), None, weights, np.zeros((1, *SHAPE)), None, False)


@pytest.mark.parametrize(("largest", "step"), [(1.0, 1024), (20.0, 256), (60.0, 128)])
def test_large_weights_are_rounded_to_steps_that_16_bits_can_tell(largest: float, step: int) -> None:
    weights = np.random.default_rng(0).uniform(-largest, largest, (1, 2, *SHAPE))
    packed = pack([change_of(weights)], np.ones(SHAPE, np.float32))
    assert packed.step == step
    assert np.abs(unpacked(packed, SHAPE)[1:3] - weights[0]).max() <= 1 / step


@pytest.mark.parametrize("largest", [400.0, np.inf, np.nan])
def test_weights_that_no_page_can_tell_are_refused(largest: float) -> None:
    weights = np.where(np.arange(SHAPE[1]) % 2, 0.0, np.full((1, 2, *SHAPE), largest))
    with pytest.raises(BadParameterError, match=r"weights of up to (400|inf|nan), which are too large for a page"):
        pack([change_of(weights)], np.ones(SHAPE, np.float32))


VERSIONS: dict[str, dict[str, Any]] = {
    "shared": {},
    "each-colour-its-own": {"colour": Colour.PER_CHANNEL, "learned": True},
    "stretched": {"normalisation": "min-max"},
    "moving": {"displacement": moving()},
    "moving-and-stretched": {"displacement": moving(), "normalisation": "min-max"},
    "with-detail": {"metrics": WEAK},
    "in-brighter-light": {"brightness": 0.9},
    "with-more-contrast": {"brightness": 0.5, "contrast": 0.25},
    "moving-in-brighter-light": {"displacement": moving(), "brightness": 0.9},
}


@pytest.mark.parametrize("moved", [False, True])
def test_a_page_has_the_mask_of_the_face(publish: Publish, moved: bool) -> None:
    published = publish((96, 96), displacement=moving((96, 96)) if moved else None)
    source = Source.open(published.store, published.reference, (), SynthesisSettings())
    loaded, recipe = LoadedVersion(published.version), Recipe((("smiling", 1.0),), ("face",))
    assert np.array_equal(source.face_mask(), loaded.shapes.mask(recipe))
    here = region_mask(("face",), (96, 96), USUAL.eyes, loaded.mouth)
    assert (source.face_mask() > here).any() == moved


@pytest.mark.parametrize("kind", VERSIONS)
def test_a_slider_shows_what_python_makes(kind: str, publish: Publish, browser: Browser, tmp_path: Path) -> None:
    published = publish(SHAPE, expressions=("sad", "smiling"), **VERSIONS[kind])
    worst = export(published, tmp_path / "page.html")
    photo = photograph(tmp_path / "face.png")
    opened(browser, tmp_path / "page.html", tmp_path / "face.png")
    loaded = LoadedVersion(published.version)
    np.testing.assert_array_equal(shown(browser, [0, 0]), photo)
    for strength in (1.0, 0.6, 1.4):
        expected = loaded.synthesize(
            photo[None] / 255, "smiling", intensity=strength, detail=loaded.keeps_detail("smiling"), relit=True
        )
        found = shown(browser, [0, strength])
        # A position may be rounded to the next 64th of a pixel, and from one pixel to the next noise changes by 160.
        beside = 160 / 64 if kind.startswith("moving") else 0
        error = np.abs(found - 255 * expected[0])
        assert error.max() <= 1 + strength * worst + beside
        assert error.mean() < 0.5
        assert np.abs(found - photo).max() > 20
    assert browser.complaints() == []


def test_expressions_add_up(publish: Publish, browser: Browser, tmp_path: Path) -> None:
    published = publish(SHAPE, expressions=("sad", "smiling"))
    worst = export(published, tmp_path / "page.html")
    photo = photograph(tmp_path / "face.png")
    opened(browser, tmp_path / "page.html", tmp_path / "face.png")
    unit = photo / 255
    changes = {name: published.expected(photo[None], name)[0] - unit for name in ("sad", "smiling")}
    expected = np.clip(unit + 0.3 * changes["sad"] + 0.5 * changes["smiling"], 0, 1)
    assert np.abs(shown(browser, [0.3, 0.5]) - 255 * expected).max() <= 1 + worst


def test_weights_of_pixels_from_anywhere(browser: Browser, tmp_path: Path) -> None:
    matrix = anywhere(2)
    save_npz(tmp_path / "omp.npz", csr_array(matrix))
    store, page = str(tmp_path / "store"), tmp_path / "page.html"
    size = ["--size", f"{ROWS}x{COLS}"]
    assert main(["import", str(tmp_path / "omp.npz"), store, "--name", "omp", *size]) == 0
    assert main(["export", store, "omp", str(page)]) == 0
    photo = photograph(tmp_path / "face.png", (ROWS, COLS))
    opened(browser, page, tmp_path / "face.png")
    expected = LoadedVersion(WeightStore(store).open("omp")).synthesize(photo[None] / 255, "expression")
    assert np.abs(shown(browser, [1]) - 255 * expected[0]).max() <= 2


def test_a_large_photograph_is_saved_at_its_own_size(publish: Publish, browser: Browser, tmp_path: Path) -> None:
    published = publish(SHAPE, displacement=moving(), expressions=("smiling",))
    worst = export(published, tmp_path / "page.html")
    small = photograph(tmp_path / "small.png")
    large = np.repeat(np.repeat(small, 8, axis=1), 8, axis=2)
    encode(tmp_path / "large.png", large)
    opened(browser, tmp_path / "page.html", tmp_path / "large.png")
    browser.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    shown(browser, [1])
    browser.evaluate("document.getElementById('save').click()")
    saved = tmp_path / "large-smiling.png"
    browser.until(lambda: saved.is_file(), "the file was saved")
    loaded = LoadedVersion(published.version)
    outputs = loaded.synthesize(small[None] / 255, "smiling", detail=True)
    moved = loaded.moved(unit_scale(small[None]), "smiling")
    expected = add_change(large, outputs[0] - moved[0], loaded.shapes.displacement(Recipe.of("smiling")))
    found = decoded(saved.read_bytes())
    assert found.shape == large.shape
    # Python clips outputs before it takes the change, and moves bytes; noise in blocks makes much of either.
    assert np.abs(found - expected).mean() < 1.5
    assert np.percentile(np.abs(found - expected), 99) <= 8 + worst


def test_what_goes_wrong_is_told_in_a_sentence(publish: Publish, browser: Browser, tmp_path: Path) -> None:
    export(publish(SHAPE), tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    (tmp_path / "letter.txt").write_text("Dear all,")
    browser.drop(tmp_path / "letter.txt")
    message = "document.getElementById('message').textContent"
    browser.wait(f"{message} !== ''")
    assert "“letter.txt” is not a picture that this browser can open." in browser.evaluate(message)
    browser.send("Browser.setPermission", permission={"name": "camera"}, setting="denied")
    browser.evaluate("document.getElementById('use-camera').click()")
    browser.wait(f"{message}.startsWith('The camera was not allowed.')")
    assert browser.complaints() == []


def test_the_camera_is_shown_live_and_a_picture_taken(publish: Publish, browser: Browser, tmp_path: Path) -> None:
    export(publish(SHAPE), tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    browser.send("Browser.setPermission", permission={"name": "camera"}, setting="granted")
    browser.evaluate("app.startCamera()")
    assert browser.evaluate("app.live && app.photo.name") == "camera"
    first = browser.evaluate("document.getElementById('picture').toDataURL()")
    browser.wait(f"document.getElementById('picture').toDataURL() !== {first!r}")
    browser.evaluate("document.getElementById('take').click()")
    assert browser.evaluate("[app.live, app.camera.stream]") == [False, None]
    assert browser.complaints() == []


def test_before_and_after(publish: Publish, browser: Browser, tmp_path: Path) -> None:
    export(publish(SHAPE), tmp_path / "page.html")
    photo = photograph(tmp_path / "face.png")
    opened(browser, tmp_path / "page.html", tmp_path / "face.png")
    after = shown(browser, [1])
    browser.evaluate("document.getElementById('compare').click()")
    split = shown(browser, [1])
    np.testing.assert_array_equal(split[:, :, :10], photo[:, :, :10])
    np.testing.assert_array_equal(split[:, :, 10:], after[:, :, 10:])
    browser.evaluate("document.getElementById('compare').click()")
    x, y = browser.evaluate(
        "(({x, y, width, height}) => [x + width / 2, y + height / 2])(app.view.canvas.getBoundingClientRect())"
    )
    press = {"x": x, "y": y, "button": "left", "clickCount": 1}
    browser.send("Input.dispatchMouseEvent", type="mousePressed", **press)
    np.testing.assert_array_equal(shown(browser, [1]), photo)
    browser.send("Input.dispatchMouseEvent", type="mouseReleased", **press)
    np.testing.assert_array_equal(shown(browser, [1]), after)


def test_a_page_of_many_numbers_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs, stack, store = (str(tmp_path / name) for name in ("pairs", "stack.zarr", "store"))
    assert main(["faces", pairs, "--people", "5", "--size", "16", "--expressions", "happy"]) == 0
    assert main(["ingest", pairs, stack]) == 0
    assert main(["train", stack, store, "--name", "kr", "--model", "pixel-kr", "--ridge", "1", "--workers", "0"]) == 0
    assert main(["export", store, "kr", str(tmp_path / "page.html")]) == 1
    assert "model 'pixel-kr' as a page: its outputs are not made from a few" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()


def test_a_report_links_to_a_page_beside_it(publish: Publish, tmp_path: Path) -> None:
    published = publish(SHAPE)
    write_report(published.store, published.reference, tmp_path / "report.html")
    assert f"fesdist export {published.store} london@1 london.html" in (tmp_path / "report.html").read_text()
    export(published, tmp_path / "try me.html")
    write_report(published.store, published.reference, tmp_path / "report.html")
    assert '<a href="try%20me.html">Try it on a photograph</a>' in (tmp_path / "report.html").read_text()
