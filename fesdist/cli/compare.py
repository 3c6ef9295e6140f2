"""`fesdist compare`: train every model for every expression, and print the papers' tables."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from fesdist.cli.console import progress, say, table, warn
from fesdist.cli.model_options import COLOURS
from fesdist.cli.options import (
    add_cluster_options,
    add_expressions_option,
    add_json_option,
    cluster_settings,
    name_list,
)

if TYPE_CHECKING:
    from fesdist.comparing.entrants import Entrant
    from fesdist.comparing.result import ComparisonResult

NAME = "compare"
SUMMARY = "Train every model for every expression, there and back, and print errors, sizes and times as the papers do."
EXAMPLE = """fesdist compare stack.zarr weights
fesdist compare stack.zarr weights --models mr-5,lasso --expressions happy --out tables.md"""

EXIT_SOME_FAILED = 3


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack", help="training stack with people held out, as written by `fesdist ingest`")
    parser.add_argument("weights", help="weight store: a folder, or s3://bucket/prefix; what it has is not repeated")
    group = parser.add_argument_group("what is compared")
    group.add_argument("--models", type=name_list, metavar="LIST", help="of the entrants, these only (default: all)")
    group.add_argument(
        "--config", metavar="FILE", help='TOML with other entrants: [models.mr-7] model = "mr" window = 7'
    )
    add_expressions_option(group, "compare")
    group.add_argument(
        "--direction",
        choices=("both", "forward", "backward"),
        default="both",
        help="from the stack's input, back to it, or both (default)",
    )
    group.add_argument(
        "--colour", choices=COLOURS, default="shared", help="a fit each, one for all (default), or on gray"
    )
    group.add_argument("--out", metavar="FILE", help="write the tables to this file as well, as Markdown")
    add_cluster_options(parser)
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    import json

    from fesdist.comparing.entrants import choose_entrants
    from fesdist.comparing.run import ComparisonRequest, compare
    from fesdist.ground.colour import Colour

    entrants = _entrants(arguments.config)
    request = ComparisonRequest(
        arguments.stack,
        arguments.weights,
        choose_entrants(entrants, arguments.models) if arguments.models else entrants,
        Colour(arguments.colour),
        arguments.direction,
        tuple(arguments.expressions) if arguments.expressions else None,
    )
    with progress("comparing", "units") as report:
        result = compare(request, cluster_settings(arguments), on_progress=report)
    if arguments.json:
        say(json.dumps(result.to_json(), indent=2))
    else:
        _print(result)
    for (name, change), reason in result.failed.items():
        warn(f"failed: {name}, {change}: {reason}")
    if arguments.out:
        _write(result, arguments.out, Path(arguments.stack).name)
    return EXIT_SOME_FAILED if result.failed else 0


def _entrants(config: str | None) -> tuple[Entrant, ...]:
    from fesdist.cli.model_file import model_from_table, read_toml
    from fesdist.comparing.entrants import Entrant, default_entrants
    from fesdist.ground.errors import BadParameterError

    if config is None:
        return default_entrants()
    found = read_toml(config)
    models = found.get("models")
    if set(found) != {"models"} or not isinstance(models, dict) or not models:
        raise BadParameterError(
            f"{config} has {', '.join(found) or 'nothing'}; expected only tables such as [models.mr-7], one an entrant"
        )
    return tuple(
        Entrant(name, model_from_table(table, f"[models.{name}] of {config}", Path(config).parent))
        for name, table in models.items()
    )


def _print(result: ComparisonResult) -> None:
    from fesdist.comparing.tables import closing_lines, tables_of

    for each in tables_of(result):
        say(each.title)
        rows = [[name, *(f"{cell.text}{'*' if cell.best else ' '}" for cell in cells)] for name, cells in each.rows]
        table(("", *(f"{column} " for column in each.columns)), rows)
        say()
    say("* the smallest number of its column")
    for line in closing_lines(result):
        say(line)


def _write(result: ComparisonResult, out: str, stack: str) -> None:
    from fesdist.comparing.markdown import markdown
    from fesdist.comparing.tables import closing_lines, tables_of
    from fesdist.ground.errors import BadParameterError

    page = markdown(f"Comparison on {stack}", tables_of(result), closing_lines(result))
    try:
        Path(out).write_text(page, encoding="utf-8")
    except OSError as error:
        raise BadParameterError(f"the tables cannot be written to {out} ({error}); give --out another file") from error
