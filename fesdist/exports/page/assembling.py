"""One HTML file of many: styles, scripts, drawn faces, weights, and a policy by which it asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from string import Template
from typing import Any

from PIL import Image

from fesdist.exports.page.beside import mark_of
from fesdist.faces.generate import face

FOLDER = Path(__file__).parent
SCRIPTS = (
    *("unpack", "cubic", "change", "mix", "placement", "crop"),
    *("lattice", "compose", "photo", "camera", "view", "preview", "frame", "sliders", "save", "app"),
)
"""In the order in which they are read."""

SAMPLES = ((3, 5), (0, 2), (3, 0), (0, 1))
"""Seeds and persons of the drawn faces."""
SAMPLE_SIDE = 448


def assembled(reference: str, texts: tuple[str, str], model: Mapping[str, Any], weights: str) -> str:
    """Return the page of a version with its heading and what it says of itself; these are escaped."""
    heading, about = texts
    css = (FOLDER / "page.css").read_text(encoding="utf-8")
    script = "\n".join(["'use strict';", *(_script(name) for name in SCRIPTS)])
    return Template((FOLDER / "page.html").read_text(encoding="utf-8")).substitute(
        policy=_policy(script, css),
        mark=mark_of(reference),
        title=html.escape(heading),
        heading=html.escape(heading),
        about=html.escape(about),
        css=css,
        samples="".join(_samples(SAMPLES)),
        model=json.dumps(model, separators=(",", ":")).replace("<", "\\u003c"),
        weights=weights,
        script=script,
    )


def _script(name: str) -> str:
    return (FOLDER / "js" / f"{name}.js").read_text(encoding="utf-8")


def _policy(script: str, css: str) -> str:
    """Return what the page may do: its own script and styles, pictures from itself and from files, and no more."""
    allowed = {
        "default-src": "'none'",
        "script-src": _digest(script),
        "style-src": _digest(css),
        "img-src": "data: blob:",
        "media-src": "mediastream: blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in allowed.items())


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _samples(faces: Sequence[tuple[int, int]]) -> list[str]:
    return [
        f'<button type="button" aria-label="Drawn face {number}"><img alt="" src="data:image/webp;base64,'
        f'{_picture(person, seed)}"></button>'
        for number, (seed, person) in enumerate(faces, 1)
    ]


@cache
def _picture(person: int, seed: int) -> str:
    pixels = face(person, "neutral", SAMPLE_SIDE, seed).transpose(1, 2, 0)
    file = BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", quality=86, method=6)
    return base64.b64encode(file.getvalue()).decode()
