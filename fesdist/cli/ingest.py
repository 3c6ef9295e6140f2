"""`fesdist ingest`: photographs into a training stack."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fesdist.cli.console import progress, say, table
from fesdist.cli.notices import concluded, to_records
from fesdist.ground.counting import counted
from fesdist.ground.notices import a_few
from fesdist.ground.share import Progress
from fesdist.images.decode import MEGAPIXEL
from fesdist.images.ingest import ingest
from fesdist.images.summary import IngestSummary, PairCount
from fesdist.images.survey import said
from fesdist.requests.exits import EXIT_SOME_FAILED
from fesdist.requests.stacks import Ingest


def run(request: Ingest) -> int:
    """Fill the stack and say what became of every file; return 0, or 3 if some could not be used."""
    with progress("ingest", "files") as report:
        summary = carry_out(request, report)
    if request.json:
        say(json.dumps(_record(summary), indent=2))
    else:
        _print(summary)
        say()
        say(f"next: fesdist plan {shlex.quote(request.stack)}")
    return concluded(summary.notices, strict=request.strict, code=0 if summary.complete else EXIT_SOME_FAILED)


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
    say(f"stored {counted(summary.added, 'photograph')}{there}; the stack holds {counted(summary.n_people, 'person')}")
    if summary.aligned and spec.eyes:
        lips = f", the lips of {spec.input_expression} faces at {spec.lips[0]:g},{spec.lips[1]:g}" if spec.lips else ""
        say(f"aligned: the eyes of every face are at {said(spec.eyes)}{lips} of width and height")
    if summary.resized:
        sizes = [f"{rows} x {cols}" for rows, cols in summary.resized]
        say(f"resized {sum(summary.resized.values())} of them from {a_few(sizes)}")
    say()
    print_pairs(summary.pairs)


def print_pairs(pairs: Mapping[str, PairCount]) -> None:
    """Print how many pairs of each expression there are, on which side of the split."""
    table(
        ("expression", "pairs", "train", "held out"),
        [(name, str(n.train + n.holdout), str(n.train), str(n.holdout)) for name, n in pairs.items()],
    )


def _record(summary: IngestSummary) -> dict[str, Any]:
    """Return the summary for JSON; files and people are named in the notices."""
    return {
        "stack": summary.stack,
        "created": summary.created,
        "spec": asdict(summary.spec),
        "people": summary.n_people,
        "pairs": {name: asdict(count) for name, count in summary.pairs.items()},
        "added": summary.added,
        "unchanged": summary.unchanged,
        "notices": to_records(summary.notices),
    }
