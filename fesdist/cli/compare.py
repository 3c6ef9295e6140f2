"""`fesdist compare`: train every model for every expression, and print the papers' tables."""

from __future__ import annotations

import json
from pathlib import Path

from fesdist.cli.console import progress, say, table
from fesdist.cli.notices import concluded
from fesdist.comparing.markdown import markdown
from fesdist.comparing.result import ComparisonResult
from fesdist.comparing.run import compare
from fesdist.comparing.tables import closing_lines, tables_of
from fesdist.ground.files import check_replaceable, write_whole
from fesdist.requests.exits import EXIT_SOME_FAILED
from fesdist.requests.measuring import Compare


def run(request: Compare) -> int:
    """Compare, and print the tables; return 0, or 3 if some units failed."""
    if request.out is not None:
        check_replaceable(Path(request.out))
    with progress("comparing", "units") as report:
        result = compare(request.comparison(), request.cluster(), on_progress=report)
    if request.json:
        say(json.dumps(result.to_json(), indent=2))
    else:
        _print(result)
    if request.out is not None:
        page = markdown(f"Comparison on {Path(request.stack).name}", tables_of(result), closing_lines(result))
        # Names of stacks may be no text.
        write_whole(Path(request.out), page.encode(errors="backslashreplace"), "the file of tables")
    return concluded(result.notices, strict=request.strict, code=EXIT_SOME_FAILED if result.failed else 0)


def _print(result: ComparisonResult) -> None:
    for each in tables_of(result):
        say(each.title)
        rows = [[name, *(f"{cell.text}{'*' if cell.best else ' '}" for cell in cells)] for name, cells in each.rows]
        table(("", *(f"{column} " for column in each.columns)), rows)
        say()
    say("* the best of its column")
    for line in closing_lines(result):
        say(line)
