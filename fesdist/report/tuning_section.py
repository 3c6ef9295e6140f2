"""The part of a report that tells how the options were chosen: what was measured, the curves, the map of ridges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from fesdist.ground.counting import counted
from fesdist.ground.measures import REGIONS
from fesdist.report.colours import SEQUENTIAL
from fesdist.report.facts import Fact
from fesdist.report.maps import MAP_SIDE, MapFigure, Scale
from fesdist.report.pictures import map_picture
from fesdist.report.tuning_chart import MARKERS, TuningChart, labels_of, tuning_chart
from fesdist.report.tuning_curves import Curves, curves_of
from fesdist.training.choice import Choice, Score
from fesdist.tuning.tuning import Tuning, in_words
from storage.blobs.documents import convert
from storage.datasets.manifest import Manifest


@dataclass(frozen=True)
class LegendEntry:
    """What tells one curve: its marker, the number beside it if it has one, the options."""

    marker: str
    number: str
    name: str


@dataclass(frozen=True)
class ExpressionRow:
    """The errors of one expression at what was chosen, and what would have been best for it alone."""

    expression: str
    chosen: tuple[str, ...]
    """Face, its standard error, mouth, its standard error."""
    alone: str
    alone_error: str


@dataclass(frozen=True)
class TuningSection:
    """Everything that the template shows of a tuning."""

    facts: tuple[Fact, ...]
    notes: tuple[str, ...]
    region: str
    n_expressions: int
    option: str
    charts: tuple[TuningChart, ...]
    legend: tuple[LegendEntry, ...]
    """Empty for a single curve."""
    n_curves: int
    rows: tuple[ExpressionRow, ...]
    """Empty for a single expression, of which the facts tell everything."""
    map: MapFigure | None


def tuning_section(manifest: Manifest) -> TuningSection | None:
    """Return the section about the tuning that a manifest has, or about what the run chose, or None if it has none."""
    if manifest.tuning is None and manifest.choice is None:
        return None
    choice = None if manifest.choice is None else convert(Choice, manifest.choice, f"choice of {manifest.reference}")
    what = f"tuning of {manifest.reference}"
    tuning = Tuning.from_json(manifest.tuning or {}, what) if choice is None else _as_tuning(choice, manifest)
    curves = curves_of(tuning)
    return TuningSection(
        facts=tuple(_facts(tuning, choice)),
        notes=tuple(_notes(tuning, manifest)),
        region=tuning.region,
        n_expressions=len(tuning.expressions),
        option=curves.option,
        charts=tuple(tuning_chart(tuning, curves, region) for region in REGIONS),
        legend=_legend(curves),
        n_curves=curves.n_curves,
        rows=_rows(tuning),
        map=_ridge_map(tuning, manifest.image_shape),
    )


def _as_tuning(choice: Choice, manifest: Manifest) -> Tuning:
    """Return what a run chose by itself in the form of a tuning, which shows its errors as curves."""
    ridge = choice.options.get("ridge")
    return Tuning(
        model=manifest.model.name,
        colour=manifest.colour,
        input_expression="",
        stack=manifest.stack.path,
        fingerprint=manifest.stack.fingerprint,
        n_people=choice.n_people,
        n_folds=choice.n_folds,
        row_step=1,
        clipped=False,
        region="face",
        # Images of a few pixels have no mouth.
        results=tuple(
            replace(
                result,
                scores={name: {"mouth": scores["face"], **scores} for name, scores in result.scores.items()},
            )
            for result in choice.tried
        ),
        chosen=choice.best,
        ridge_map=None if ridge is None or isinstance(ridge, float) else tuple(tuple(row) for row in ridge),
    )


def _facts(tuning: Tuning, choice: Choice | None) -> Iterator[Fact]:
    ridges = np.array(tuning.ridge_map).ravel() if tuning.ridge_map is not None else None
    varied = f"then a ridge of {ridges.min():g} to {ridges.max():g} from place to place" if ridges is not None else ""
    yield Fact("Chosen", in_words(tuning.best.options), varied)
    face, mouth = (_in_words(tuning.best.mean(region)) for region in REGIONS)
    yield Fact("Its error, MSE × 100", f"{face} over the face", f"{mouth} in the mouth region")
    if tuning.unchanged is not None:
        face, mouth = (_in_words(tuning.unchanged.mean(region)) for region in REGIONS)
        yield Fact("Of the photograph as it is", f"{face} over the face", f"{mouth} in the mouth region")
    one_each = tuning.n_folds == tuning.n_people
    folds = "each left out in turn" if one_each else f"left out in turn, in {tuning.n_folds} folds"
    yield Fact("Measured on", counted(tuning.n_people, "person"), folds)
    if choice is not None:
        yield Fact(
            "Errors of", f"{choice.pixels:,} pixels all over the image", "outputs refined, not clipped to [0, 1]"
        )
    else:
        rows = "every row of the image" if tuning.row_step == 1 else f"one row in {tuning.row_step}"
        yield Fact("Errors of", rows, f"outputs {'' if tuning.clipped else 'not '}clipped to [0, 1]")
    yield Fact("Tried", counted(len(tuning.results), "combination"))


def _notes(tuning: Tuning, manifest: Manifest) -> Iterator[str]:
    for notice in tuning.notices:
        yield " ".join(map(str.strip, notice.lines()))
    if tuning.fingerprint != manifest.stack.fingerprint:
        yield (
            f"The photographs that were measured, in {tuning.stack}, are not those that this version learned from; "
            "other options may be best for them."
        )


def _legend(curves: Curves) -> tuple[LegendEntry, ...]:
    if len(curves.shown) == 1:
        return ()
    return tuple(
        LegendEntry(marker, "" if label == curve.name else label, curve.name)
        for marker, label, curve in zip(MARKERS, labels_of(curves), curves.shown, strict=False)
    )


def _rows(tuning: Tuning) -> tuple[ExpressionRow, ...]:
    return tuple(_row(tuning, expression) for expression in tuning.expressions) if len(tuning.expressions) > 1 else ()


def _row(tuning: Tuning, expression: str) -> ExpressionRow:
    measured = [result for result in tuning.results if not result.failed]
    alone = min(measured, key=lambda result: result.scores[expression][tuning.region].mse_x100)
    of_chosen = tuning.best.scores[expression]
    return ExpressionRow(
        expression,
        tuple(cell for region in REGIONS for cell in _cells(of_chosen[region])),
        in_words(alone.options),
        _cells(alone.scores[expression][tuning.region])[0],
    )


def _ridge_map(tuning: Tuning, image_shape: tuple[int, int]) -> MapFigure | None:
    if tuning.ridge_map is None:
        return None
    cells = np.array(tuning.ridge_map)
    low, high = float(cells.min()), float(cells.max())
    # The cells have the proportions of the image, of which each is an equal part.
    sides = [max(1, round(MAP_SIDE * side / max(image_shape))) for side in image_shape]
    rows, cols = (np.arange(side) * count // side for side, count in zip(sides, cells.shape, strict=True))
    return MapFigure(
        "Ridge, cell by cell",
        f"Where weights are held small (bright) and where they are free (dark); the best of what was tried around each "
        f"of {cells.shape[0]} × {cells.shape[1]} cells, interpolated in between.",
        map_picture(np.log(cells)[np.ix_(rows, cols)], SEQUENTIAL, (float(np.log(low)), float(np.log(high)))),
        Scale(SEQUENTIAL.css(), f"{low:g}", f"{high:g}", "ridge, logarithmic"),
    )


def _in_words(score: Score) -> str:
    return " ± ".join(_cells(score))


def _cells(score: Score) -> tuple[str, str]:
    return f"{score.mse_x100:.4f}", f"{score.standard_error:.4f}"
