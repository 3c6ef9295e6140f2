"""The page of a gallery: for every kind of faces a row of pictures, and what people see in each model's faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fesdist.evaluation.document import Outside
from fesdist.evaluation.looks import MEANINGS, Seen, in_percent
from fesdist.evaluation.scores import MODEL, UNCHANGED
from fesdist.gallery.collection import Collection, Shown
from fesdist.report.pictures import Picture, face_picture
from fesdist.report.template import REPORT_CSS, template

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Share:
    """A number of a table, and how strong its colour is, from 0 to 1; below 0 where it was not measured."""

    text: str
    strength: float


@dataclass(frozen=True)
class Column:
    """A model beside the others: its faces of the people shown, and the measures over all people."""

    name: str
    faces: tuple[Picture, ...]
    measures: tuple[tuple[str, Share], ...]


@dataclass(frozen=True)
class Row:
    """One kind of faces: the photographs first, then every model."""

    name: str
    what: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Overview:
    """A table of one measure: kinds by models."""

    measure: str
    meaning: str
    models: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Share, ...]], ...]


@dataclass(frozen=True)
class Part:
    """One collection on the page."""

    collection: Collection
    classifier: str
    overviews: tuple[Overview, ...]
    rows: tuple[Row, ...]


def page(collections: Sequence[Collection]) -> bytes:
    """Return the page of some collections: one HTML file that needs nothing else."""
    gallery = template(_FOLDER / "gallery.html", (REPORT_CSS, _FOLDER / "gallery.css"))
    return gallery.render(parts=list(map(_part, collections))).encode()


def _part(collection: Collection) -> Part:
    target = collection.source.target
    right = collection.result.classifier_right()
    models = tuple(collection.kinds[0].looks)
    overviews = []
    for place, measure in enumerate(("recognised", "identity")):
        rows = []
        for shown in collection.kinds:
            shares = [_seen(next(iter(shown.looks.values())), UNCHANGED, target).shares()[place]]
            shares += [_seen(shown.looks[model], MODEL, target).shares()[place] for model in models]
            rows.append((shown.kind.name, tuple(map(_share, shares))))
        overviews.append(Overview(measure, MEANINGS[measure], ("photo", *models), tuple(rows)))
    return Part(
        collection,
        "" if right is None else f"{100 * right:.0f} %",
        tuple(overviews),
        tuple(_row(shown, target) for shown in collection.kinds),
    )


def _row(shown: Shown, target: str) -> Row:
    photographs = Column(
        "photograph",
        tuple(map(face_picture, shown.inputs)),
        _measures(_seen(next(iter(shown.looks.values())), UNCHANGED, target)),
    )
    models = [
        Column(name, tuple(map(face_picture, shown.outputs[name])), _measures(_seen(looks, MODEL, target)))
        for name, looks in shown.looks.items()
    ]
    return Row(shown.kind.name, shown.kind.what, (photographs, *models))


def _seen(looks: Outside, method: str, target: str) -> Seen:
    return looks.seen(method, target)


def _measures(seen: Seen) -> tuple[tuple[str, Share], ...]:
    return (
        ("recognised", _share(seen.recognised)),
        ("identity", _share(seen.identity)),
        ("sharpness", _share(seen.face_sharpness)),
    )


def _share(share: float | None) -> Share:
    return Share(in_percent(share), -1.0 if share is None else min(1.0, share))
