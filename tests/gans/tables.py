"""The tables of a run as Markdown, whose columns are aligned so that they can be read on a terminal as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fesdist.evaluation.looks import Seen, in_percent

if TYPE_CHECKING:
    from tests.gans.contest import Contest
    from tests.gans.speed import SpeedRow


def speed_table(rows: Sequence[SpeedRow]) -> str:
    """Return sizes and milliseconds, a row a generator."""
    head = ("generator", "built as", "million parameters", "MB as float32", "ms", "ms as ONNX", "difference")
    cells = [
        (
            row.name,
            row.what,
            f"{row.parameters / 1e6:.3g}",
            f"{row.float32_bytes / 1e6:.3g}",
            f"{row.own_ms:.3g}",
            f"{row.onnx_ms:.3g}",
            f"{row.difference:.0e}",
        )
        for row in rows
    ]
    return markdown_table(head, cells, n_words=2)


def contest_table(contest: Contest, columns: Sequence[str]) -> str:
    """Return the measures of held-out people, a row a method; `columns` are names of the distances in them."""
    head = ("", "processor seconds", *columns, *Seen.names())
    cells = [
        (
            row.name,
            "–" if row.seconds is None else f"{row.seconds:.3g}",
            *([f"{value:.3f}" for value in row.values] or ["–"] * len(columns)),
            *map(in_percent, row.seen.shares()),
        )
        for row in contest.rows
    ]
    return markdown_table(head, cells, n_words=1)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], n_words: int) -> str:
    """Return a table whose first `n_words` columns are words, to the left, and the others numbers, to the right."""
    widths = [max(3, *(len(row[column]) for row in (head, *rows))) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        aligned = [
            cell.ljust(width) if column < n_words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(aligned)} |"

    rule = ["-" * width if column < n_words else f"{'-' * (width - 1)}:" for column, width in enumerate(widths)]
    return "\n".join(map(line, [head, rule, *rows]))
