"""`fesdist synthesize`: put expressions on a folder of photographs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fesdist.cli.console import counted, duration, progress, say, warn
from fesdist.cli.options import (
    add_cluster_options,
    add_expressions_option,
    add_pixel_limit_option,
    cluster_settings,
)

if TYPE_CHECKING:
    from fesdist.inference.folder import SynthesisSummary

NAME = "synthesize"
SUMMARY = "put expressions on a photograph, or on every photograph of a folder tree"
EXAMPLE = """
fesdist synthesize photos out --weights weights --model london
fesdist synthesize photos out --weights weights --model london@production --refine --size input
"""

EXIT_SOME_FAILED = 3

_FAILURES_SHOWN = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("photos", metavar="PHOTOS", help="folder of aligned faces, with its subfolders, or one image")
    parser.add_argument("out", metavar="OUT", help="folder for the outputs, OUT/<expression>/<path of the photograph>")
    parser.add_argument(
        "--weights", required=True, metavar="STORE", help="weight store: a folder or s3://bucket/prefix"
    )
    parser.add_argument("--model", required=True, metavar="NAME[@V]", help="latest version, or london@3, or an alias")
    add_expressions_option(parser, "make")
    look = parser.add_argument_group("what the outputs look like")
    look.add_argument("--refine", action="store_true", help="keep the photograph where the expression changes nothing")
    look.add_argument(
        "--intensity", type=float, default=1.0, metavar="X", help="0 is the photograph, 1 the model, 1.5 more"
    )
    look.add_argument(
        "--stretch", action="store_true", help="stretch each output to the full range, as the papers' code"
    )
    look.add_argument(
        "--size",
        choices=("model", "input"),
        default="model",
        help="size of the outputs: the model's, or the photograph's with its detail kept (default: model)",
    )
    look.add_argument(
        "--format", choices=("png", "jpeg", "webp", "same"), default="png", help="file format (default: png)"
    )
    parser.add_argument("--force", action="store_true", help="make outputs again that are there already")
    add_pixel_limit_option(parser)
    add_cluster_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Synthesize the folder; return 0, or 3 if some photographs failed."""
    from pathlib import Path

    from fesdist.images.decode import PIXEL_LIMIT
    from fesdist.inference.folder import synthesize_folder
    from fesdist.inference.settings import OutputFormat, OutputSize, SynthesisSettings

    settings = SynthesisSettings(
        refine=arguments.refine,
        intensity=arguments.intensity,
        stretch=arguments.stretch,
        output_size=OutputSize(arguments.size),
        output_format=OutputFormat(arguments.format),
        pixel_limit=arguments.pixel_limit or PIXEL_LIMIT,
    )
    with progress("synthesizing", "photographs") as report:
        summary = synthesize_folder(
            Path(arguments.photos),
            Path(arguments.out),
            arguments.weights,
            arguments.model,
            expressions=arguments.expressions or (),
            settings=settings,
            cluster=cluster_settings(arguments),
            force=arguments.force,
            on_progress=report,
        )
    _tell(summary)
    return EXIT_SOME_FAILED if summary.failed else 0


def _tell(summary: SynthesisSummary) -> None:
    rate = f", {summary.n_outputs / summary.seconds:.0f} faces/s" if summary.n_outputs else ""
    say(f"{summary.reference}: {', '.join(summary.expressions)}")
    done, n_outputs = counted(summary.done, "photograph"), counted(summary.n_outputs, "face")
    say(f"  {done} done, {n_outputs} in {duration(summary.seconds)}{rate}")
    if summary.unchanged:
        say(f"  {counted(summary.unchanged, 'photograph')} done before in the same way (--force repeats them)")
    if summary.others:
        more = ", ..." if len(summary.others) > 3 else ""
        say(f"  {counted(len(summary.others), 'file')} not named like images: {', '.join(summary.others[:3])}{more}")
    say(f"  outputs and manifest.jsonl are in {summary.out}")
    if summary.failed:
        warn(f"{counted(len(summary.failed), 'photograph')} failed:")
        for record in summary.failed[:_FAILURES_SHOWN]:
            warn(f"  {record.file.name}: {record.reason}")
        if len(summary.failed) > _FAILURES_SHOWN:
            warn(f"  ... and {len(summary.failed) - _FAILURES_SHOWN} more, all in manifest.jsonl")
