"""The table of errors of one expression, its cells as text and the best of each column marked."""

from __future__ import annotations

from dataclasses import dataclass

from fesdist.evaluation.scores import MODEL, UNCHANGED, ExpressionScores
from fesdist.ground.measures import REGIONS
from fesdist.ground.metrics import ExpressionMetrics

_FORMATS = {"mse_x100": ".3f", "psnr": ".2f", "ssim": ".4f"}
_LOWER_IS_BETTER = {"mse_x100": True, "psnr": False, "ssim": False}


@dataclass(frozen=True)
class Cell:
    """One number; `kind` is "best", "better", "worse" or "" and decides its colour."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class ErrorTable:
    """Rows are methods; the cells are face and then mouth: MSE x 100, change, PSNR, SSIM."""

    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def error_table(scores: ExpressionScores) -> ErrorTable:
    """Return the table of an evaluation, averaged over its people."""
    return ErrorTable(
        tuple(
            (
                method,
                tuple(
                    cell
                    for region in REGIONS
                    for cell in (
                        _score(scores, method, region, "mse_x100"),
                        change_cell(scores.improvement(method, region)),
                        *(_score(scores, method, region, measure) for measure in ("psnr", "ssim")),
                    )
                ),
            )
            for method in scores.methods
        )
    )


def training_table(metrics: ExpressionMetrics) -> ErrorTable | None:
    """Return what training itself measured on its held-out people, MSE only; None if nobody was held out."""
    regions = [errors for region in REGIONS if (errors := metrics.errors(region)) is not None]
    if len(regions) < len(REGIONS):
        return None
    nothing = Cell("–")
    rows = []
    for method in (UNCHANGED, MODEL):
        cells = []
        for errors in regions:
            unchanged = errors.unchanged_mse_x100
            error = unchanged if method == UNCHANGED else errors.mse_x100
            improvement = 100 * (1 - error / unchanged) if unchanged else None
            cells += [Cell(f"{error:.3f}"), change_cell(improvement), nothing, nothing]
        rows.append((method, tuple(cells)))
    return ErrorTable(tuple(rows))


def change_cell(improvement: float | None) -> Cell:
    """Return how the error changes from that of doing nothing: "−58 %" is better."""
    if improvement is None or abs(improvement) < 0.05:
        return Cell("–")
    return Cell(f"{'−' if improvement > 0 else '+'}{abs(improvement):.1f} %", "better" if improvement > 0 else "worse")


def _score(scores: ExpressionScores, method: str, region: str, measure: str) -> Cell:
    means = [scores.mean(each, region, measure) for each in scores.methods]
    best = min(means) if _LOWER_IS_BETTER[measure] else max(means)
    value = scores.mean(method, region, measure)
    return Cell(format(value, _FORMATS[measure]), "best" if value == best else "")
