"""`fesdist tune`: which options make the smallest error on people left out."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fesdist.cli.console import progress, say, table, warn
from fesdist.cli.model_options import COLOURS, DEFAULT_MODEL, HYPERPARAMETERS
from fesdist.cli.options import add_cluster_options, add_expressions_option, add_json_option, cluster_settings
from fesdist.ground.errors import BadParameterError

if TYPE_CHECKING:
    from fesdist.tuning.tuning import Score, Tuning

NAME = "tune"
SUMMARY = "Try combinations of options on people left out, and write the best as a configuration for `train`."
EXAMPLE = """fesdist tune stack.zarr --model mr --window 3,5,7 --ridge 0.1,1,10,100 --out tuned.toml
fesdist train stack.zarr weights --name london --config tuned.toml"""

MOST_ROWS = 40
"""Of a larger grid only the best combinations are printed; the configuration has all."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack", help="training stack, whose held-out people take no part")
    parser.add_argument(
        "--out", metavar="FILE", default="tuned.toml", help="configuration to write (default: %(default)s)"
    )
    group = parser.add_argument_group("what is tuned")
    group.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME", help="as for train (default: %(default)s)")
    group.add_argument("--colour", choices=COLOURS, default="shared", help="as for train (default: %(default)s)")
    add_expressions_option(group, "train")
    group.add_argument(
        "--input", metavar="NAME", help="expression that the model starts from (default: the stack's input)"
    )
    group = parser.add_argument_group("how errors are measured")
    folds = group.add_mutually_exclusive_group()
    folds.add_argument(
        "--folds", type=int, default=5, metavar="N", help="groups of people left out in turn (default: 5)"
    )
    folds.add_argument("--leave-one-out", action="store_true", help="leave out one person at a time")
    group.add_argument(
        "--region", choices=("face", "mouth"), default="face", help="where the error decides (default: %(default)s)"
    )
    group.add_argument(
        "--row-step",
        type=int,
        metavar="N",
        help="measure every Nth row (default: by the size of the image; mr, pixel-rr)",
    )
    group.add_argument(
        "--per-pixel", action="store_true", help="let the ridge vary smoothly over the image (mr, pixel-rr)"
    )
    group = parser.add_argument_group(
        "options of the models", "one value or several, separated by commas; all combinations are tried"
    )
    for option in HYPERPARAMETERS:
        group.add_argument(
            f"--{option.name.replace('_', '-')}",
            type=_values(option.type),
            metavar=f"{option.metavar}[,...]",
            help=option.help,
        )
    add_cluster_options(parser)
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    import json
    import os
    from pathlib import Path

    from fesdist.cli.config_file import write_config
    from fesdist.cluster.connect import open_cluster
    from fesdist.ground.colour import Colour
    from fesdist.tuning.tune import TuningRequest, tune

    out = Path(arguments.out)
    # An hour of tuning must not end with a folder that is not there.
    if not os.access(out.absolute().parent, os.W_OK):
        raise BadParameterError(f"no file can be written in {out.absolute().parent}; give --out in a writable folder")
    request = TuningRequest(
        stack=arguments.stack,
        model=arguments.model,
        values={option.name: given for option in HYPERPARAMETERS if (given := getattr(arguments, option.name))},
        colour=Colour(arguments.colour),
        expressions=tuple(arguments.expressions) if arguments.expressions else None,
        input_expression=arguments.input,
        n_folds=None if arguments.leave_one_out else arguments.folds,
        region=arguments.region,
        row_step=arguments.row_step,
        ridge_in_cells=arguments.per_pixel,
    )
    settings = cluster_settings(arguments)
    with open_cluster(settings) as cluster, progress("tuning", "steps") as report:
        scratch = out.with_name(f".{out.name}.folds")
        tuning = tune(request, cluster, memory=settings.memory, scratch=scratch, on_progress=report)
    write_config(out, tuning)
    if arguments.json:
        say(json.dumps(tuning.to_json(), indent=2))
    else:
        _print(tuning, arguments.stack, out.as_posix())
    return 0


def _values(kind: type[Any]) -> Callable[[str], tuple[Any, ...]]:
    def parse(text: str) -> tuple[Any, ...]:
        try:
            return tuple(kind(word.strip()) for word in text.split(","))
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"{text!r}; expected {'whole numbers' if kind is int else 'numbers'}, separated by commas"
            ) from None

    return parse


def _print(tuning: Tuning, stack: str, out: str) -> None:
    say(_what(tuning))
    mean = ", mean of the expressions" if len(tuning.expressions) > 1 else ""
    say(f"error on people left out, MSE x 100{mean}, and its standard error")
    say()
    ranked = sorted(
        (number for number, result in enumerate(tuning.results) if not result.failed),
        key=lambda number: tuning.results[number].mean(tuning.region).mse_x100,
    )
    shown = sorted(ranked[:MOST_ROWS])
    names = list(tuning.best.options)
    table(
        (*names, "face", "±", "mouth", "±", ""),
        [
            (
                *(_cell(tuning.results[number].options[name]) for name in names),
                *(cell for region in ("face", "mouth") for cell in _cells(tuning.results[number].mean(region))),
                "best" if number == tuning.chosen else "",
            )
            for number in shown
        ],
    )
    say()
    if len(ranked) > len(shown):
        say(f"the best {len(shown)} of {len(ranked)} combinations; {out} has all")
    for result in tuning.results:
        if result.failed:
            warn(f"{_in_words(result.options)} could not be trained: {result.failed}")
    say(f"best in the {tuning.region}: {_in_words(tuning.best.options)}")
    if tuning.ridge_map is not None:
        ridges = [ridge for row in tuning.ridge_map for ridge in row]
        say(f"ridge {min(ridges):g} to {max(ridges):g} over the image, chosen around each of {len(ridges)} cells")
    for option in tuning.at_the_edge():
        edge = _cell(tuning.best.options[option])
        say(f"{option} {edge} is at the edge of what was tried; a value beyond it may be better")
    say(f"written to {out}")
    say(f"next: fesdist train {stack} weights --name NAME --config {out}")


def _what(tuning: Tuning) -> str:
    people = f"each of {tuning.n_people} people left out in turn"
    if tuning.n_folds < tuning.n_people:
        people = f"{tuning.n_people} people in {tuning.n_folds} folds, each left out in turn"
    measured = "" if tuning.row_step == 1 else f", measured on one row in {tuning.row_step}"
    expressions = f"{tuning.input_expression} to {', '.join(tuning.expressions)}"
    return f"{tuning.model}, colour {tuning.colour}, {expressions}: {people}{measured}"


def _in_words(options: Any) -> str:
    return ", ".join(f"{name} {_cell(value)}" for name, value in options.items())


def _cells(score: Score) -> tuple[str, str]:
    return f"{score.mse_x100:.4f}", f"{score.standard_error:.4f}"


def _cell(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
