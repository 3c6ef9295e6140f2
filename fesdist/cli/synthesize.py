"""`fesdist synthesize`: put expressions on a folder of photographs."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from fesdist.cli.console import EXIT_SOME_FAILED, Progress, counted, duration, progress, say, warn
from fesdist.inference.folder import synthesize_folder
from fesdist.inference.manifest import Record
from fesdist.inference.summary import Some, SynthesisSummary
from fesdist.requests.using import Synthesize

_FAILURES_SHOWN = 20


def run(request: Synthesize) -> int:
    """Synthesize the folder; return 0, or 3 if some photographs failed."""
    with progress("synthesizing", "photographs") as report:
        summary = carry_out(request, report)
    _tell(summary)
    nothing = (summary.faceless or summary.strange) and not (summary.done or summary.unchanged)
    return EXIT_SOME_FAILED if summary.failed or nothing else 0


def carry_out(request: Synthesize, on_progress: Progress) -> SynthesisSummary:
    """Synthesize what is asked for; raises as `fesdist.inference.folder.synthesize_folder`."""
    return synthesized(request, on_progress=on_progress)


def synthesized(
    request: Synthesize, *, only: Collection[str] | None = None, on_progress: Progress | None = None
) -> SynthesisSummary:
    """Do what a request asks for, or for the photographs named in `only`."""
    return synthesize_folder(
        Path(request.photographs),
        Path(request.out),
        request.store,
        request.reference,
        expressions=request.expressions or (),
        mixture=request.mix,
        settings=request.settings(),
        cluster=request.cluster(),
        only=only,
        on_progress=on_progress,
    )


def _tell(summary: SynthesisSummary) -> None:
    rate = f", {summary.n_outputs / summary.seconds:.0f} images/s" if summary.n_outputs else ""
    say(f"{summary.reference}: {', '.join(summary.expressions)}")
    done, n_outputs = counted(summary.done, "photograph"), counted(summary.n_outputs, "image")
    say(f"  {done} done, {n_outputs} in {duration(summary.seconds)}{rate}")
    if summary.n_faces or summary.left_alone:
        alone = f", {summary.left_alone} left alone: too small, or not asked for" if summary.left_alone else ""
        say(f"  {counted(summary.n_faces, 'face')} in them{alone}")
    if summary.unchanged:
        say(f"  {counted(summary.unchanged, 'photograph')} done before in the same way (--force repeats them)")
    if summary.others:
        more = ", ..." if summary.others.n > 3 else ""
        say(f"  {counted(summary.others.n, 'file')} not named like images: {', '.join(summary.others[:3])}{more}")
    if summary.stretched:
        warn(
            f"  {counted(summary.stretched, 'photograph')} stretched, as the model's proportions are others; --align "
            "finds the faces, or crop them first"
        )
    if summary.left_out:
        named = [f"{name} ({reason})" for name, reason in list(summary.left_out.items())[:3]]
        more = ", ..." if summary.n_left_out > 3 else ""
        say(f"  {summary.n_left_out} left out: {', '.join(named)}{more}")
    if summary.made_otherwise:
        warn(
            f"  {summary.out} also holds images made by {', '.join(summary.made_otherwise)} with other settings; give "
            "each its own folder to keep them apart"
        )
    for expression, reached in summary.reached.items():
        warn(f"  {expression}: the shape went to {reached:.2f} only, as faces would have been folded beyond that")
    say(f"  outputs and manifest.jsonl are in {summary.out}")
    _name(summary.doubtful, "made although they may not lie as those that the model learned from")
    _name(summary.strange, "left out, as they do not lie as those that the model learned from")
    _name(summary.faceless, "without a face that could be worked on")
    _name(summary.failed, "failed")


def _name(records: Some[Record], what: str) -> None:
    """Name photographs of which there is no output, or a doubtful one, and say why."""
    if not records:
        return
    warn(f"{counted(records.n, 'photograph')} {what}:")
    for record in records[:_FAILURES_SHOWN]:
        warn(f"  {record.file.name}: {record.reason}")
    if records.n > _FAILURES_SHOWN:
        warn(f"  ... and {records.n - _FAILURES_SHOWN:,} more, all in manifest.jsonl")
