"""`fesdist compare`: train every model for every expression, and print the papers' tables."""

from __future__ import annotations

import json
from pathlib import Path

from fesdist.cli.console import EXIT_SOME_FAILED, progress, say, table, warn
from fesdist.comparing.markdown import markdown
from fesdist.comparing.result import ComparisonResult
from fesdist.comparing.run import compare
from fesdist.comparing.tables import closing_lines, tables_of
from fesdist.ground.errors import BadParameterError
from fesdist.requests.using import Compare


def run(request: Compare) -> int:
    """Compare, and print the tables; return 0, or 3 if some units failed."""
    with progress("comparing", "units") as report:
        result = compare(request.comparison(), request.cluster(), on_progress=report)
    if request.json:
        say(json.dumps(result.to_json(), indent=2))
    else:
        _print(result)
    for (name, change), reason in result.failed.items():
        warn(f"failed: {name}, {change}: {reason}")
    if request.out:
        _write(result, request.out, Path(request.stack).name)
    return EXIT_SOME_FAILED if result.failed else 0


def _print(result: ComparisonResult) -> None:
    for each in tables_of(result):
        say(each.title)
        rows = [[name, *(f"{cell.text}{'*' if cell.best else ' '}" for cell in cells)] for name, cells in each.rows]
        table(("", *(f"{column} " for column in each.columns)), rows)
        say()
    say("* the smallest number of its column")
    for line in closing_lines(result):
        say(line)


def _write(result: ComparisonResult, out: str, stack: str) -> None:
    page = markdown(f"Comparison on {stack}", tables_of(result), closing_lines(result))
    try:
        Path(out).write_text(page, encoding="utf-8")
    except OSError as error:
        raise BadParameterError(f"the tables cannot be written to {out} ({error}); give --out another file") from error
