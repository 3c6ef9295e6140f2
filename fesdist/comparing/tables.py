"""The papers' tables made from a comparison: numbers as text, the best of each column marked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from statistics import fmean

from fesdist.comparing.measurement import Measurement
from fesdist.comparing.result import PAPERS_ORDER, ComparisonResult, Contender
from fesdist.comparing.units import Change
from fesdist.evaluation.looks import MEANINGS, REAL, Seen
from fesdist.ground.measures import REGIONS

NOT_MEASURED = "–"

Columns = list[tuple[str, Sequence[Change]]]
"""Headings, and the changes whose mean stands below each."""

_ROOM = 90
"""Characters for the columns of a table: with the names of its rows it is narrower than 120."""


@dataclass(frozen=True)
class Cell:
    """One number."""

    text: str
    best: bool = False


@dataclass(frozen=True)
class Table:
    """A table of a paper: a name and a cell for each column in every row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True)
class Shown:
    """What stands in the cells of a table, and which is the best."""

    value: Callable[[Contender, Sequence[Change]], float | None]
    form: str
    badness: Callable[[float], float]


def tables_of(result: ComparisonResult) -> list[Table]:
    """Return the tables: errors over face and mouth, a direction each if they are wide, their means, what people see,
    sizes, times."""
    directions = [changes for changes in result.directions.values() if changes]
    together = max(map(len, directions)) == 1
    tables = [
        table
        for region in REGIONS
        for changes in ([result.changes] if together else directions)
        for table in _change_tables(
            f"Tables 1 and 2. MSE x 100, {region}",
            changes,
            result.contenders,
            Shown(partial(_error, result, region), "{:.3f}", _least),
        )
    ]
    if len(directions) > 1 and not together:
        tables.append(_mean_table(result))
    if _has_looks(result):
        for changes in [result.changes] if together else directions:
            recognised = Shown(lambda row, some: result.share(row, "recognised", some), "{:.0%}", _most)
            tables += _change_tables("Recognised as the target", changes, result.seen, recognised)
        tables.append(_looks_table(result))
    return [*tables, *_cost_tables(result)]


def _error(result: ComparisonResult, region: str, contender: Contender, some: Sequence[Change]) -> float | None:
    return result.error(contender, region, some)


def closing_lines(result: ComparisonResult) -> list[str]:
    """Return how good the classifier is, what the measures are, whether the order of the papers holds, who won."""
    lines = []
    if (right := result.classifier_right()) is not None:
        lines.append(f"the classifier of expressions is right about {100 * right:.1f} % of real photographs held out")
    if _has_looks(result):
        lines += [f"{measure}: {meaning}" for measure, meaning in MEANINGS.items()]
    if order := result.papers_order():
        errors = ", ".join(f"{name} {error:.3f}" for name, error in order.items())
        verdict = (
            "the order of the papers" if tuple(order) == PAPERS_ORDER else f"the papers have {', '.join(PAPERS_ORDER)}"
        )
        lines.append(f"mean face MSE x 100: {errors}; {verdict}")
    winners = (f"{region}: {result.winner(region) or NOT_MEASURED}" for region in REGIONS)
    return [*lines, f"smallest mean error, {'; '.join(winners)}"]


def _has_looks(result: ComparisonResult) -> bool:
    return any(found.seen for found in result.measured.values())


def _mean_table(result: ComparisonResult) -> Table:
    return _table(
        f"Tables 1 and 2. MSE x 100, mean of all {len(result.changes)} changes of expression",
        REGIONS,
        [(row.name, [result.error(row, region, result.changes) for region in REGIONS]) for row in result.contenders],
        ["{:.3f}"] * len(REGIONS),
    )


def _change_tables(
    title: str, changes: Sequence[Change], contenders: Sequence[Contender], shown: Shown
) -> Iterator[Table]:
    """Yield tables with a column for each change of expression and for their mean, as many as keep each narrow."""
    for sense, part in _columns(changes):
        yield _table(
            f"{title}{sense}",
            [name for name, _ in part],
            [(row.name, [shown.value(row, some) for _, some in part]) for row in contenders],
            [shown.form] * len(part),
            [shown.badness] * len(part),
        )


def _looks_table(result: ComparisonResult) -> Table:
    names = [each.name for each in fields(Seen)]
    return _table(
        f"What people see, mean of {len(result.changes)} changes of expression",
        Seen.names(),
        [(row.name, [result.share(row, name, result.changes) for name in names]) for row in result.seen],
        ["{:.0%}"] * len(names),
        [_most, _most, _like_real, _like_real],
    )


def _cost_tables(result: ComparisonResult) -> Iterator[Table]:
    def row(name: str, *costs: Callable[[Measurement], float]) -> tuple[str, list[float | None]]:
        found = result.of_entrant(name)
        return name, [fmean(map(cost, found)) if found else None for cost in costs]

    names = [entrant.name for entrant in result.entrants]
    yield _table(
        "Table 3. Size of a model for one expression",
        ["parameters", "bytes stored"],
        [row(name, lambda of: of.parameters, lambda of: of.stored_bytes) for name in names],
        ["{:,.0f}", "{:,.0f}"],
    )
    yield _table(
        "Table 4. Time for one expression, and for one face",
        ["training s", "synthesis µs"],
        [row(name, lambda of: of.training_seconds, lambda of: 1e6 * of.synthesis_seconds) for name in names],
        ["{:.2f}", "{:,.0f}"],
    )


def _headers(changes: Sequence[Change]) -> tuple[str, list[str]]:
    """Return what all changes have in common, for the title, and how each is told from the others."""
    if len(changes) > 1 and len({change.before for change in changes}) == 1:
        return f", from {changes[0].before} to", [change.after for change in changes]
    if len(changes) > 1 and len({change.after for change in changes}) == 1:
        return f", to {changes[0].after} from", [change.before for change in changes]
    return "", [str(change) for change in changes]


def _columns(changes: Sequence[Change]) -> Iterator[tuple[str, Columns]]:
    """Yield columns of tables that fit, a change each and their mean, with what the changes have in common."""
    sense, names = _headers(changes)
    columns: Columns = [(name, (change,)) for name, change in zip(names, changes, strict=True)]
    if len(changes) > 1:
        columns.append(("mean", changes))
    for part in _as_wide_as_fits(columns):
        yield sense, part


def _as_wide_as_fits(columns: Columns) -> list[Columns]:
    parts: list[Columns] = [[]]
    for column in columns:
        if parts[-1] and sum(max(len(name), 6) + 2 for name, _ in [*parts[-1], column]) > _ROOM:
            parts.append([])
        parts[-1].append(column)
    return parts


def _least(number: float) -> float:
    return number


def _most(share: float) -> float:
    return -share


def _like_real(share: float) -> float:
    return abs(share - 1)


def _table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[float | None]]],
    formats: Sequence[str],
    badness: Sequence[Callable[[float], float]] | None = None,
) -> Table:
    """Return a table with the best number of each column marked: that of the least badness, real photographs apart."""
    badness = badness or [_least] * len(columns)
    best = [
        min((bad(number) for number in column if number is not None), default=None)
        for bad, column in zip(
            badness, zip(*(numbers for name, numbers in rows if name != REAL), strict=True), strict=True
        )
    ]

    def cell(name: str, number: float | None, column: int) -> Cell:
        if number is None:
            return Cell(NOT_MEASURED)
        text = formats[column].format(number).replace("%", " %")
        return Cell(text, name != REAL and badness[column](number) == best[column])

    return Table(
        title,
        tuple(columns),
        tuple((name, tuple(cell(name, number, k) for k, number in enumerate(numbers))) for name, numbers in rows),
    )
