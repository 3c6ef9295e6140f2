"""`fesdist ingest`: photographs into a training stack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fesdist.cli.console import EXIT_SOME_FAILED, Progress, counted, people, progress, say, table, warn
from fesdist.images.decode import MEGAPIXEL
from fesdist.images.ingest import ingest
from fesdist.images.summary import IngestSummary
from fesdist.images.survey import said
from fesdist.requests.stacks import Ingest

_NAMED = 5
"""Files or people of one kind that are named; of the others the summary gives the number."""


def run(request: Ingest) -> int:
    """Fill the stack and say what became of every file; return 0, or 3 if some could not be used."""
    with progress("ingest", "files") as report:
        summary = carry_out(request, report)
    _print(summary)
    _print_left_out(summary, Path(request.photographs))
    say()
    say(f"next: fesdist plan {request.stack}")
    return 0 if summary.complete else EXIT_SOME_FAILED


def carry_out(request: Ingest, on_progress: Progress) -> IngestSummary:
    """Fill the stack; raises as `fesdist.images.ingest.ingest`."""
    return ingest(
        request.photographs,
        request.stack,
        request.wanted(),
        holdout=request.held_out(),
        layout=request.layout(),
        pixel_limit=round(request.pixel_limit * MEGAPIXEL),
        on_progress=on_progress,
    )


def _print(summary: IngestSummary) -> None:
    spec = summary.spec
    images = f"{spec.height} x {spec.width} {'gray' if spec.channels == 1 else 'RGB'} {spec.dtype}"
    say(f"{'created' if summary.created else 'appended to'} {summary.stack}: {images}")
    there = f", {summary.unchanged} were already there" if summary.unchanged else ""
    say(f"stored {counted(summary.added, 'photograph')}{there}; the stack holds {people(summary.n_people)}")
    if summary.aligned and spec.eyes:
        say(f"aligned: the eyes of every face are at {said(spec.eyes)} of width and height")
    if summary.crowded:
        names = [path.name for path in summary.crowded]
        warn(f"{counted(len(names), 'photograph')} with several faces, of which the largest was taken: {_some(names)}")
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
