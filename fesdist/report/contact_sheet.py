"""The gallery as one PNG, for places that take a picture but no page: a Prefect artifact, a message, a slide."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

from fesdist.evaluation.comparison import Comparer
from fesdist.evaluation.people import check_fit
from fesdist.report.gallery import Gallery, gallery_if_any
from fesdist.report.pictures import as_pillow
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack

_GAP = 12
_LINE = 26
_PAPER, _INK, _FAINT = "#fbfaf8", "#1d1b18", "#6f6a62"
_SMALLEST_SIDE = 128
"""Pixels: of the longer side of a face, and of the column that it stands in."""


def gallery_png(stack_path: str, store_uri: str, reference: str, *, people: int = 3) -> bytes | None:
    """Return the faces of every expression of a version as one PNG: a row a person, from the best to the worst.

    An expression that has no faces in the report has none here, and there is no picture, but None, if all have none.
    Raises as `TrainingStack.open`, `WeightStore.open` and `check_fit` do.
    """
    comparer = Comparer(TrainingStack.open(stack_path), WeightStore(store_uri).open(reference))
    check_fit(comparer.stack, comparer.version)
    found = [gallery_if_any(comparer, name, people)[0] for name in comparer.version.expressions]
    galleries = [gallery for gallery in found if gallery is not None]
    return contact_sheet(galleries) if galleries else None


def contact_sheet(galleries: list[Gallery]) -> bytes:
    """Return one gallery or more, below each other, as one PNG: a heading each, and a caption below each person."""
    first = as_pillow(galleries[0].people[0].before)
    enlarge = -(-_SMALLEST_SIDE // max(first.size))
    width, height = first.width * enlarge, first.height * enlarge
    pitch = max(width, _SMALLEST_SIDE) + _GAP
    n_people = sum(len(gallery.people) for gallery in galleries)
    sheet = Image.new(
        "RGB",
        (
            _GAP + 4 * pitch,
            _GAP + len(galleries) * 2 * _LINE + n_people * (height + _LINE + _GAP),
        ),
        _PAPER,
    )
    draw = ImageDraw.Draw(sheet)
    large, small = ImageFont.load_default(18), ImageFont.load_default(14)
    top = _GAP
    for gallery in galleries:
        draw.text((_GAP, top), gallery.expression, _INK, large)
        for column, heading in enumerate(("before", "target", "synthesized", "refined")):
            draw.text((_GAP + column * pitch, top + _LINE), heading, _FAINT, small)
        top += 2 * _LINE
        for person in gallery.people:
            for column, image in enumerate((person.before, person.target, person.synthesized, person.refined)):
                picture = as_pillow(image).resize((width, height))
                sheet.paste(picture, (_GAP + column * pitch, top))
            caption = f"{person.rank}, person {person.id}: MSE x 100 {person.error:.3f}, was {person.unchanged:.3f}"
            draw.text((_GAP, top + height + 4), caption, _FAINT, small)
            top += height + _LINE + _GAP
    stream = io.BytesIO()
    sheet.save(stream, "png", optimize=True)
    return stream.getvalue()
