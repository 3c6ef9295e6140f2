"""A version as one HTML file that needs nothing: its weights, and a page on which anybody tries them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fesdist.align.frame import ASKEW, LONGEST, SHORTEST
from fesdist.exports.page.assembling import assembled
from fesdist.exports.page.packing import MOVE_STEPS, Change, Packed, pack
from fesdist.exports.source import Exported, Source, Written
from fesdist.families.common.fixed_map import Taps, Windows
from fesdist.ground.errors import BadParameterError
from fesdist.ground.exposure import DARKEST, Exposure, face_area
from fesdist.ground.files import write_whole
from fesdist.ground.notices import Notice
from fesdist.inference.detail import FEATHER_PER_SIDE, fine_sigma

HEADING = "Another look at your face"
LARGE = 5_000_000
"""Bytes above which a page is slow to send and to open."""


def write_page(source: Source, out: Path) -> Exported:
    """Write the page; raises BadParameterError for a model whose pixels are not made from a few input pixels each."""
    changes = []
    for expression in source.expressions:
        form = source.form_of(expression)
        if not isinstance(form, (Taps, Windows)):
            raise BadParameterError(
                f"model {source.manifest.model.name!r} as a page: its outputs are not made from a few input pixels "
                "each, so a browser would need too many numbers; expected mr, pixel-rr, omp, lsrf or lasso, or the "
                "ending .onnx"
            )
        changes.append(Change.of(source.read(expression), form))
    packed = pack(changes, source.face_mask())
    texts = HEADING, _about(source, packed)
    content = assembled(source.manifest.reference, texts, _model(source, changes, packed), packed.text).encode()
    write_whole(out, content, "the page")
    told = f"{len(changes)} expression{'s' if len(changes) > 1 else ''}, {_error(packed)}"
    return Exported(
        source.manifest.reference, (Written(str(out), len(content), told),), tuple(_notices(source, content))
    )


def _model(source: Source, changes: list[Change], packed: Packed) -> dict[str, Any]:
    """Return what the page's script has to know beside the weights; js/unpack.js reads it."""
    rows, cols = source.manifest.image_shape
    side, mouth = min(rows, cols), source.mouth
    return {
        "rows": rows,
        "cols": cols,
        "sets": source.weight_channels,
        "step": packed.step,
        "moves": source.shaped,
        "moveStep": MOVE_STEPS,
        "minMax": source.min_max,
        "light": _light(source.exposure),
        "area": [number for part in face_area((rows, cols)) for number in (part.start, part.stop, part.step)],
        "fine": fine_sigma((rows, cols)),
        "feather": side * FEATHER_PER_SIDE,
        "mouth": [mouth.row0, mouth.row1, mouth.col0, mouth.col1],
        "eyes": dict(zip(("left", "right"), source.frame.eyes, strict=True)),
        "lips": source.frame.lips,
        "drops": {"shortest": SHORTEST, "longest": LONGEST, "askew": ASKEW},
        "expressions": [
            {
                "name": change.name,
                "taps": change.weights.shape[1],
                "offsets": change.offsets,
                "detail": change.detail,
            }
            for change in changes
        ],
    }


def _light(exposure: Exposure | None) -> dict[str, object] | None:
    """Return in what light the page shows faces to the model; None for their own."""
    if exposure is None:
        return None
    return {"brightness": exposure.brightness, "contrast": exposure.contrast, "darkest": DARKEST}


def _error(packed: Packed) -> str:
    return f"weights rounded to 1/{packed.step}: colours differ by at most {packed.worst:.1f} of 255"


def _about(source: Source, packed: Packed) -> str:
    rows, cols = source.manifest.image_shape
    return (
        f"Made by fesdist from {source.manifest.reference}, which learned from pairs of photographs at {cols} × {rows} "
        f"pixels. To be small, this page holds {_error(packed)}. The change is enlarged to the size of your "
        "photograph, so skin and hair stay as they are. The page works without a network. The drawn faces show nobody."
    )


def _notices(source: Source, content: bytes) -> list[Notice]:
    found = []
    if len(content) > LARGE:
        found.append(
            Notice(
                "doubtful",
                1,
                f"the page has {len(content) / 1e6:.0f} MB, which phones open slowly; a model of 128 x 128 pixels has "
                "less than 1",
            )
        )
    settings = source.settings
    if settings.intensity != 1 or settings.texture is not None:
        found.append(Notice("changed", 1, "the page has sliders in the place of --intensity and --texture"))
    return found
