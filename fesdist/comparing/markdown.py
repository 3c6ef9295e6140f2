"""The tables of a comparison as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from fesdist.comparing.tables import Table


def markdown(title: str, tables: Sequence[Table], lines: Sequence[str]) -> str:
    """Return a page with the tables, the best of each column in bold, and the lines below them."""
    parts = [f"# {title}"]
    for table in tables:
        rows = [
            [name, *(f"**{cell.text}**" if cell.best else cell.text for cell in cells)] for name, cells in table.rows
        ]
        head = [["", *table.columns], [":--", *("--:" for _ in table.columns)]]
        parts += [f"## {table.title}", "\n".join(f"| {' | '.join(row)} |" for row in [*head, *rows])]
    return "\n\n".join([*parts, *lines]) + "\n"
