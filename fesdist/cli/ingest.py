"""`fesdist ingest`: photographs into a training stack."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fesdist.cli.console import counted, people, progress, say, table, warn
from fesdist.cli.options import add_pixel_limit_option

if TYPE_CHECKING:
    from fesdist.images.summary import IngestSummary

NAME = "ingest"
SUMMARY = "append pairs of photographs to a training stack"
EXAMPLE = """
fesdist ingest photographs faces.zarr --size 128
fesdist ingest papers_pairs faces.zarr --target-name smiling --colour gray
"""

EXIT_SOME_FAILED = 3
_NAMED = 5
"""Files or people of one kind that are named; of the others the summary gives the number."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `ingest`."""
    parser.add_argument(
        "source", metavar="PAIRS", help="folder with <expression>/<subject>.png, or with trainA and trainB"
    )
    parser.add_argument("stack", metavar="STACK", help="stack to append to, created if absent, such as faces.zarr")
    parser.add_argument(
        "--size", type=_size, metavar="S|ROWSxCOLS", help="bring all images to this size (default: the size they have)"
    )
    parser.add_argument(
        "--colour", choices=("auto", "rgb", "gray"), default="auto", help="channels (default: gray if all are gray)"
    )
    parser.add_argument(
        "--normalisation",
        choices=("none", "min-max"),
        help="min-max stretches each image to its own range, as the papers' code does (default: none)",
    )
    parser.add_argument(
        "--holdout",
        metavar="FRACTION|FILE",
        help="fraction of the people to hold out, or a file with one id a line (default: 0.2, or testA and testB)",
    )
    parser.add_argument("--input-expression", metavar="NAME", help="expression of the inputs (default: neutral)")
    parser.add_argument(
        "--target-name", metavar="NAME", default="target", help="expression in trainB (default: target)"
    )
    parser.add_argument(
        "--subject-pattern",
        metavar="REGEX",
        help=r"finds the subject in the file's stem: its first group, or the one named subject, such as '(\d+)_'",
    )
    add_pixel_limit_option(parser)


def run(args: argparse.Namespace) -> int:
    """Fill the stack and say what became of every file."""
    from fesdist.images.decode import PIXEL_LIMIT
    from fesdist.images.ingest import ingest

    with progress("ingest", "files") as report:
        summary = ingest(
            args.source,
            args.stack,
            size=args.size,
            colour=args.colour,
            normalisation=args.normalisation,
            holdout=_holdout(args.holdout),
            input_expression=args.input_expression,
            target_name=args.target_name,
            subject_pattern=args.subject_pattern,
            pixel_limit=args.pixel_limit or PIXEL_LIMIT,
            on_progress=report,
        )
    _print(summary)
    _print_left_out(summary, Path(args.source))
    say()
    say(f"next: fesdist plan {args.stack}")
    return 0 if summary.complete else EXIT_SOME_FAILED


def _print(summary: IngestSummary) -> None:
    spec = summary.spec
    images = f"{spec.height} x {spec.width} {'gray' if spec.channels == 1 else 'RGB'} {spec.dtype}"
    say(f"{'created' if summary.created else 'appended to'} {summary.stack}: {images}")
    there = f", {summary.unchanged} were already there" if summary.unchanged else ""
    say(f"stored {counted(summary.added, 'photograph')}{there}; the stack holds {people(summary.n_people)}")
    if summary.resized:
        sizes = [f"{rows} x {cols}" for rows, cols in summary.resized]
        say(f"resized {sum(summary.resized.values())} of them from {_some(sizes)}")
    if summary.stretched:
        warn(f"stretched, as their proportions differ (better crop them first): {summary.stretched}")
    say()
    table(
        ("expression", "pairs", "train", "held out"),
        [
            (name, str(count.train + count.holdout), str(count.train), str(count.holdout))
            for name, count in summary.pairs.items()
        ],
    )


def _print_left_out(summary: IngestSummary, source: Path) -> None:
    """Name what was not used, the troubles on the standard error."""
    notes = [
        f"{people(len(ids))} {title}: {_some(ids)}"
        for title, ids in (
            ("without the input expression, skipped", summary.without_input),
            ("with nothing but the input expression, skipped", summary.without_target),
            ("left without a pair by unusable files", summary.unpaired),
            *((f"without {expression}", ids) for expression, ids in summary.missing.items()),
        )
        if ids
    ]
    if summary.ignored:
        names = [item.path.relative_to(source).as_posix() for item in summary.ignored]
        notes.append(f"ignored, as no part of a pair: {_some(names)}")
    if notes:
        say()
    for note in notes:
        say(note)
    if summary.skipped:
        warn(f"photographs that could not be used: {len(summary.skipped)}")
    for item in summary.skipped:
        warn(_printable(f"  {item.path}: {item.reason}"))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return _printable(", ".join(names[:_NAMED]) + more)


def _printable(text: str) -> str:
    # A file name is bytes that need not be text; it must not stop the summary.
    return text.encode(errors="backslashreplace").decode()


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([1-9][0-9]*)(?:x([1-9][0-9]*))?", text)
    if match is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no size; expected pixels such as 128, or ROWSxCOLS such as 128x96"
        )
    return int(match[1]), int(match[2] or match[1])


def _holdout(text: str | None) -> float | list[str] | None:
    """Return a fraction, or the ids in a file: one a line, empty lines left out."""
    from fesdist.ground.errors import BadParameterError

    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        lines = Path(text).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadParameterError(
            f"--holdout {text}: expected a fraction such as 0.2, or a text file with one subject id a line ({error})"
        ) from error
    return [line.strip() for line in lines if line.strip()]
