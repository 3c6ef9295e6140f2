"""The part of a report that is about one expression: faces, errors, maps."""

from __future__ import annotations

from dataclasses import dataclass

from fesdist.evaluation.comparison import Comparer
from fesdist.evaluation.document import Evaluation
from fesdist.evaluation.scores import MEAN_DIFFERENCE, MODEL, ExpressionScores
from fesdist.ground.metrics import ExpressionMetrics, RunMetrics
from fesdist.report.chart import Chart, people_chart
from fesdist.report.gallery import Gallery, Person, gallery_if_any
from fesdist.report.looks_section import LooksTable, judged, looks_table
from fesdist.report.maps import MapFigure, error_maps, weight_maps
from fesdist.report.misaligned import MisalignedPeople
from fesdist.report.pictures import Picture, face_picture
from fesdist.report.tables import Cell, ErrorTable, change_cell, error_table, training_table
from storage.datasets.version import WeightVersion


@dataclass(frozen=True)
class Card:
    """One person of the gallery."""

    rank: str
    id: str
    error: str
    change: Cell
    judged: tuple[Cell, ...]
    """What the output is taken for, and whose photograph is nearest to it."""
    faces: tuple[tuple[str, Picture], ...]
    """Four pictures, each with its label."""


@dataclass(frozen=True)
class Headline:
    """The three numbers that tell whether the model is any good, in percent of an error that it takes away."""

    people: int
    face: float
    mouth: float
    beyond_mean: float
    """Of the error of "input + mean difference", over the face."""


@dataclass(frozen=True)
class Section:
    """Everything that the template shows of one expression."""

    expression: str
    headline: Headline | None
    cards: tuple[Card, ...]
    gallery: Gallery | None
    missing: str
    """Why there are no faces, or ""."""
    table: ErrorTable | None
    chart: Chart | None
    looks: LooksTable | None
    trained_on: tuple[str, ...]
    misaligned: MisalignedPeople | None
    maps: tuple[MapFigure, ...]


def build_section(
    version: WeightVersion,
    expression: str,
    comparer: Comparer | None,
    missing: str,
    evaluation: Evaluation | None,
    misaligned: MisalignedPeople | None,
    n_people: int,
) -> Section:
    """Return the section of `expression`; without a `comparer` (and for the reason `missing`) there are no faces."""
    gallery = None
    if comparer is not None:
        gallery, missing = gallery_if_any(comparer, expression, n_people)
    scores = evaluation.of(expression) if evaluation is not None else None
    measured = version.manifest.measured(RunMetrics).expressions.get(expression, ExpressionMetrics())
    return Section(
        expression=expression,
        headline=_headline(scores) if scores is not None else None,
        cards=tuple(_card(person, scores) for person in gallery.people) if gallery is not None else (),
        gallery=gallery,
        missing=missing,
        table=error_table(scores) if scores is not None else training_table(measured),
        chart=people_chart(scores) if scores is not None else None,
        looks=looks_table(scores) if scores is not None else None,
        trained_on=scores.trained_on if scores is not None else (),
        misaligned=misaligned if gallery is not None else None,
        maps=(*(error_maps(gallery) if gallery is not None else ()), *weight_maps(version, expression)),
    )


def _card(person: Person, scores: ExpressionScores | None) -> Card:
    improvement = 100 * (1 - person.error / person.unchanged) if person.unchanged else None
    return Card(
        person.rank,
        person.id,
        f"{person.error:.3f}",
        change_cell(improvement),
        judged(scores, person.id),
        (
            ("before", face_picture(person.before)),
            ("target", face_picture(person.target)),
            ("synthesized", face_picture(person.synthesized)),
            ("refined", face_picture(person.refined)),
        ),
    )


def _headline(scores: ExpressionScores) -> Headline | None:
    face, mouth = (scores.improvement(MODEL, region) for region in ("face", "mouth"))
    mean_difference = scores.mean(MEAN_DIFFERENCE, "face", "mse_x100")
    if face is None or mouth is None or not mean_difference:
        return None
    beyond = 100 * (1 - scores.mean(MODEL, "face", "mse_x100") / mean_difference)
    return Headline(len(scores.people), face, mouth, beyond)
