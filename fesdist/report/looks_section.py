"""What people see in outputs, for a report: shares as cells, what the classifier confuses, faces outside the data."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from fesdist.evaluation.comparison import Comparer
from fesdist.evaluation.confusion import ConfusionTable, classifier_line, confusion_table
from fesdist.evaluation.document import Evaluation, Outside
from fesdist.evaluation.looks import MEANINGS, REAL, Looks, Seen, in_percent, with_drop
from fesdist.evaluation.rows import outside_rows
from fesdist.evaluation.scores import MODEL, REFINED, SYNTHESIZED, UNCHANGED, ExpressionScores
from fesdist.ground.errors import ImageError
from fesdist.ground.evenly import evenly
from fesdist.images.decode import PIXEL_LIMIT
from fesdist.images.filling import read_image
from fesdist.report.pictures import Picture, face, face_picture
from fesdist.report.tables import Cell

_WORSE = 0.005
"""A drop that is shown as one: half a percent point."""


@dataclass(frozen=True)
class LooksTable:
    """Rows are the real photographs and the methods; the cells are those of `Seen`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    notes: tuple[str, ...]
    """Why something was not measured."""


@dataclass(frozen=True)
class Example:
    """A photograph without a target, and what the version makes of it."""

    name: str
    faces: tuple[tuple[str, Picture, str], ...]
    """Pictures, each with its label and what it is taken for."""


@dataclass(frozen=True)
class OutsideSection:
    """Photographs without a target."""

    folder: str
    n_photographs: int
    failed: tuple[tuple[str, str], ...]
    tables: tuple[tuple[str, LooksTable], ...]
    """By expression; behind each share, how it differs from that of held-out people."""
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Judgement:
    """Of the whole evaluation: who judges, how well, and what is confused with what."""

    classifier: str
    meanings: tuple[tuple[str, str], ...]
    confusion: ConfusionTable | None
    """None where two expressions leave nothing to tell that the tables do not."""
    outside: OutsideSection | None


def looks_table(scores: ExpressionScores) -> LooksTable | None:
    """Return the table of one expression; None for evaluations that have no looks."""
    if not scores.looks.gradient_energy:
        return None
    rows = tuple((method, tuple(map(_cell, scores.seen(method).shares()))) for method in (REAL, *scores.methods))
    return LooksTable(Seen.names(), rows, _notes(scores.looks))


def judged(scores: ExpressionScores | None, person: str) -> tuple[Cell, ...]:
    """Return what the model's output for a person is taken for, and whose photograph is nearest to it."""
    if scores is None or person not in scores.people:
        return ()
    place, looks = scores.people.index(person), scores.looks
    cells = []
    if taken := looks.taken_for.get(MODEL):
        right = taken[place] == scores.expression
        cells.append(Cell(f"taken for {taken[place] or 'nothing'}", "better" if right else "worse"))
    if nearest := looks.nearest.get(MODEL):
        own = nearest[place] == person
        cells.append(
            Cell(
                "nearest to themselves" if own else f"nearest to {nearest[place] or 'nobody'}",
                "better" if own else "worse",
            )
        )
    return tuple(cells)


def judgement(evaluation: Evaluation | None, comparer: Comparer | None, n_examples: int) -> Judgement | None:
    """Return who judged an evaluation and its photographs without targets; None where nothing was judged.

    Without a `comparer`, and where the photographs are not there any more, there are no examples.
    """
    if evaluation is None or not any(scores.looks.gradient_energy for scores in evaluation.expressions):
        return None
    return Judgement(
        classifier_line(evaluation),
        tuple(MEANINGS.items()),
        confusion_table(evaluation),
        None if evaluation.outside is None else _outside(evaluation, evaluation.outside, comparer, n_examples),
    )


def _outside(evaluation: Evaluation, outside: Outside, comparer: Comparer | None, n_examples: int) -> OutsideSection:
    tables = []
    names = [each.name for each in fields(Seen)]
    for expression, looks in outside.looks.items():
        rows = tuple(
            (row["method"], tuple(_with_drop(row[name], row[f"{name}_drop"]) for name in names))
            for row in outside_rows(evaluation)
            if row["expression"] == expression
        )
        tables.append((expression, LooksTable(Seen.names(), rows, _notes(looks))))
    examples = () if comparer is None else tuple(_examples(outside, comparer, n_examples))
    return OutsideSection(
        outside.folder, len(outside.photographs), tuple(outside.failed.items()), tuple(tables), examples
    )


def _examples(outside: Outside, comparer: Comparer, n_examples: int) -> list[Example]:
    root = Path(outside.folder)
    examples = []
    for place in evenly(len(outside.photographs), n_examples):
        name = outside.photographs[place]
        try:
            image = read_image(root / name, comparer.stack.spec, PIXEL_LIMIT)[None]
        except ImageError:
            continue
        faces: list[tuple[str, Picture, str]] = []
        for expression, looks in outside.looks.items():
            outputs = comparer.outputs(image, expression)
            for label, method in (
                ("photograph", UNCHANGED),
                (expression, SYNTHESIZED),
                (f"{expression}, model", REFINED),
            ):
                if method != UNCHANGED or not faces:
                    taken = looks.taken_for.get(method)
                    seen_as = f"taken for {taken[place] or 'nothing'}" if taken else ""
                    faces.append((label, face_picture(face(outputs[method][0])), seen_as))
        examples.append(Example(name, tuple(faces)))
    return examples


def _notes(looks: Looks) -> tuple[str, ...]:
    return tuple(f"{measure} was not measured: {reason}" for measure, reason in looks.not_measured.items())


def _cell(share: float | None) -> Cell:
    return Cell(in_percent(share))


def _with_drop(share: float | None, drop: float | None) -> Cell:
    return Cell(with_drop(share, drop), "worse" if drop is not None and drop >= _WORSE else "")
