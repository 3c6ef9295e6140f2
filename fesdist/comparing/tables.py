"""The papers' tables made from a comparison: numbers as text, the best of each column marked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from fesdist.comparing.measurement import Measurement
from fesdist.comparing.result import PAPERS_ORDER, ComparisonResult
from fesdist.comparing.units import Change
from fesdist.ground.measures import REGIONS

NOT_MEASURED = "–"

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


def tables_of(result: ComparisonResult) -> list[Table]:
    """Return the tables: errors over face and mouth, a direction each if they are wide, their means, sizes, times."""
    directions = [changes for changes in result.directions.values() if changes]
    together = max(map(len, directions)) == 1
    tables = [
        table
        for region in REGIONS
        for changes in ([result.changes] if together else directions)
        for table in _error_tables(result, region, changes)
    ]
    if len(directions) > 1 and not together:
        tables.append(_mean_table(result))
    return [*tables, *_cost_tables(result)]


def closing_lines(result: ComparisonResult) -> list[str]:
    """Return whether the order of the papers holds, if the models that show it took part, and who won."""
    lines = []
    if order := result.papers_order():
        errors = ", ".join(f"{name} {error:.3f}" for name, error in order.items())
        verdict = (
            "the order of the papers" if tuple(order) == PAPERS_ORDER else f"the papers have {', '.join(PAPERS_ORDER)}"
        )
        lines.append(f"mean face MSE x 100: {errors}; {verdict}")
    winners = (f"{region}: {result.winner(region) or NOT_MEASURED}" for region in REGIONS)
    return [*lines, f"smallest mean error, {'; '.join(winners)}"]


def _error_tables(result: ComparisonResult, region: str, changes: Sequence[Change]) -> Iterator[Table]:
    sense, names = _headers(changes)
    columns: list[tuple[str, Sequence[Change]]] = [
        (name, (change,)) for name, change in zip(names, changes, strict=True)
    ]
    if len(changes) > 1:
        columns.append(("mean", changes))
    for part in _as_wide_as_fits(columns):
        yield _table(
            f"Tables 1 and 2. MSE x 100, {region}{sense}",
            [name for name, _ in part],
            [(row.name, [result.error(row, region, some) for _, some in part]) for row in result.contenders],
            ["{:.3f}"] * len(part),
        )


def _mean_table(result: ComparisonResult) -> Table:
    return _table(
        f"Tables 1 and 2. MSE x 100, mean of all {len(result.changes)} changes of expression",
        REGIONS,
        [(row.name, [result.error(row, region, result.changes) for region in REGIONS]) for row in result.contenders],
        ["{:.3f}"] * len(REGIONS),
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


def _as_wide_as_fits(columns: Sequence[tuple[str, Sequence[Change]]]) -> list[list[tuple[str, Sequence[Change]]]]:
    parts: list[list[tuple[str, Sequence[Change]]]] = [[]]
    for column in columns:
        if parts[-1] and sum(max(len(name), 6) + 2 for name, _ in [*parts[-1], column]) > _ROOM:
            parts.append([])
        parts[-1].append(column)
    return parts


def _table(
    title: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[float | None]]], formats: Sequence[str]
) -> Table:
    """Return a table with the smallest number of each column marked."""
    smallest = [
        min((number for number in column if number is not None), default=None)
        for column in zip(*(numbers for _, numbers in rows), strict=True)
    ]
    return Table(
        title,
        tuple(columns),
        tuple(
            (
                name,
                tuple(
                    Cell(NOT_MEASURED if number is None else form.format(number), number is not None and number == best)
                    for number, form, best in zip(numbers, formats, smallest, strict=True)
                ),
            )
            for name, numbers in rows
        ),
    )
