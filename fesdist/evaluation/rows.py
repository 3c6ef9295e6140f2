"""An evaluation as flat rows: for tables of any kind, and for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fesdist.evaluation.document import Evaluation
from fesdist.evaluation.looks import REAL, Seen
from fesdist.evaluation.scores import UNCHANGED
from fesdist.ground.measures import MEASURES, REGIONS


def error_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return one flat row for each expression and method, over all its people: for tables of any kind.

    Keys: expression, people (a count), method, then for each region `<region>_<measure>`, averaged, and
    `<region>_improvement` (percent of the MSE of "output = input", None where that is 0), then the shares of `Seen`,
    None where not measured. The last row of an expression, where these were measured, is of the real photographs, which
    have no errors.
    """
    rows = []
    for scores in evaluation.expressions:
        real = (REAL,) if scores.looks.gradient_energy else ()
        for method in (*scores.methods, *real):
            row: dict[str, Any] = {
                "expression": scores.expression,
                "people": len(scores.people),
                "method": method,
            }
            for region in REGIONS:
                known = method in scores.scores
                for measure in MEASURES:
                    row[f"{region}_{measure}"] = scores.mean(method, region, measure) if known else None
                row[f"{region}_improvement"] = scores.improvement(method, region) if known else None
            rows.append(row | asdict(scores.seen(method)))
    return rows


def outside_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return one flat row for each expression and method, over all photographs without targets; none without them.

    Keys: expression, photographs (a count), method, then the shares of `Seen`, sharpness beside the photographs
    themselves, and for each `<share>_drop`: the same of the people evaluated minus that; None where not measured.
    """
    outside = evaluation.outside
    rows: list[dict[str, Any]] = []
    if outside is None:
        return rows
    for expression in outside.looks:
        inside = evaluation.of(expression)
        for method in outside.methods(expression):
            shares = asdict(outside.seen(method, expression))
            others = asdict(inside.seen(method, beside=UNCHANGED) if inside else Seen())
            drops = {
                f"{name}_drop": None if share is None or others[name] is None else others[name] - share
                for name, share in shares.items()
            }
            facts = {"expression": expression, "photographs": len(outside.photographs), "method": method}
            rows.append(facts | shares | drops)
    return rows
