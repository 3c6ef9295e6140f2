"""The rows of a run for people: one aligned table, then a sentence for each row."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from fesdist.cli.console import say, table
from tests.benchmarks.rows import Row, Spread

HEADERS = ("benchmark", "seconds", "rate", "x peer (range)", "bound", "of it", "target", "met")

WIDTH = 118


def print_table(rows: Sequence[Row]) -> None:
    """Print all rows and what each of them means."""
    table(HEADERS, [_cells(row) for row in rows])
    say()
    for row in rows:
        compared = "" if row.difference is None else f"; largest difference to the peer {row.difference:.1e}"
        say(fill(f"{row.name}: {row.what}{compared}", WIDTH, initial_indent="  ", subsequent_indent="    "))


def _cells(row: Row) -> tuple[str, ...]:
    target = row.target
    return (
        row.name,
        f"{row.seconds.median:.4g}",
        row.rate,
        "" if row.ratio is None else _spread(row.ratio),
        row.bound,
        f"{row.of_bound:.0%}",
        "" if target is None else target.text,
        "" if target is None else "yes" if target.met else "NO",
    )


def _spread(spread: Spread) -> str:
    return f"{spread.median:.3g} ({spread.low:.3g}-{spread.high:.3g})"
