"""Pages in a browser: how tests write one, open a photograph on it and read what is shown."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fesdist.cli.main import main
from fesdist.exports.page.packing import Change, pack
from fesdist.exports.source import Source
from fesdist.images.encode import encode
from fesdist.inference.settings import SynthesisSettings
from tests.fesdist.exports.browser import Browser
from tests.fesdist.inference.conftest import Published

SHAPE = (24, 20)
WEAK = {
    "expressions": {
        name: {"face": {"mse_x100": 0.9, "unchanged_mse_x100": 1.0}, "mouth": None, "statuses": {}}
        for name in ("smiling", "sad")
    }
}
"""Errors of a version whose outputs keep the photograph's detail."""


def moving(shape: tuple[int, int] = SHAPE) -> NDArray[np.float32]:
    """Return a smooth displacement of up to a pixel and a half."""
    rows, cols = (np.linspace(0, np.pi, side) for side in shape)
    bump = np.sin(rows)[:, None] * np.sin(cols)
    return np.stack([1.5 * bump, -0.8 * bump]).astype(np.float32)


def photograph(path: Path, shape: tuple[int, int] = SHAPE, seed: int = 4) -> NDArray[np.uint8]:
    """Write noise, which hides no error, and return it: (channel, row, col)."""
    pixels = np.random.default_rng(seed).integers(40, 200, (3, *shape), dtype=np.uint8)
    encode(path, pixels)
    return pixels


def export(published: Published, out: Path) -> float:
    """Write the page and return by how much of 255 its rounded weights may change an output."""
    assert main(["export", published.store, published.reference, str(out)]) == 0
    source = Source.open(published.store, published.reference, (), SynthesisSettings())
    changes = [Change.of(source.read(name), source.form_of(name)) for name in source.expressions]  # type: ignore[arg-type]
    return pack(changes, source.face_mask()).worst


def opened(browser: Browser, page: Path, photo: Path) -> None:
    browser.look(1000, 800)
    browser.open(page)
    browser.drop(photo)
    browser.wait(f"app.photo.name === '{photo.stem}'")


def shown(browser: Browser, strengths: list[float]) -> NDArray[np.int16]:
    """Return the picture, (channel, row, col), when the sliders stand so."""
    for number, strength in enumerate(strengths):
        move = f"const one = app.sliders.inputs[{number}]; one.value = {100 * strength}"
        browser.evaluate(f"{{ {move}; one.dispatchEvent(new Event('input')) }}")
    browser.wait("app.pending === 0")
    return decoded(browser.evaluate("document.getElementById('picture').toDataURL().split(',')[1]"))


def decoded(png: str | bytes) -> NDArray[np.int16]:
    content = base64.b64decode(png) if isinstance(png, str) else png
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).transpose(2, 0, 1).astype(np.int16)
