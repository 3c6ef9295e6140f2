"""`fesdist synthesize`: put expressions on a folder of photographs."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from fesdist.cli.console import duration, pace, progress, say, table
from fesdist.cli.notices import concluded, to_records
from fesdist.ground.counting import counted
from fesdist.ground.notices import a_few
from fesdist.ground.share import Progress
from fesdist.inference.folder import synthesize_folder
from fesdist.inference.foreseen import foresee
from fesdist.inference.prepared import FolderRequest, prepare
from fesdist.inference.summary import SynthesisSummary
from fesdist.requests.exits import EXIT_SOME_FAILED
from fesdist.requests.using import OnPhotographs, Synthesize


def run(request: Synthesize) -> int:
    """Synthesize the folder, or tell what would be made; return 0, or 3 if some photographs failed."""
    if request.dry_run:
        return _foretell(request)
    with progress("synthesizing", "photographs") as report:
        summary = carry_out(request, report)
    if request.json:
        say(json.dumps(record_of(summary), indent=2))
    else:
        _tell(summary)
    nothing = (summary.faceless or summary.strange) and not (summary.done or summary.unchanged)
    code = EXIT_SOME_FAILED if summary.failed or nothing else 0
    return concluded(summary.notices, strict=request.strict, code=code)


def carry_out(
    request: OnPhotographs, on_progress: Progress | None = None, *, only: Collection[str] | None = None
) -> SynthesisSummary:
    """Synthesize what is asked for, or the photographs named in `only`; raises as `synthesize_folder`."""
    return synthesize_folder(_folder(request, only), cluster=request.cluster(), on_progress=on_progress)


def check(request: OnPhotographs) -> None:
    """Raise what is wrong with the version, the folder of outputs or the settings, before there are photographs."""
    prepare(_folder(request, only=()), request.cluster().array_bytes)


def _folder(request: OnPhotographs, only: Collection[str] | None = None) -> FolderRequest:
    return FolderRequest(
        Path(request.photographs),
        Path(request.out),
        request.store,
        request.reference,
        request.expressions or (),
        request.mix,
        request.settings(),
        only,
    )


def _foretell(request: Synthesize) -> int:
    foreseen = foresee(_folder(request), request.cluster().array_bytes)
    summary = foreseen.summary
    if request.json:
        told = {"photographs": foreseen.n_photographs, "images": foreseen.n_images, "examples": foreseen.examples}
        say(json.dumps(_asked_for(summary) | told | {"notices": to_records(summary.notices)}, indent=2))
        return concluded(summary.notices, strict=request.strict)
    say(f"{summary.reference}: {', '.join(summary.expressions)}")
    images, photographs = counted(foreseen.n_images, "image"), counted(foreseen.n_photographs, "photograph")
    say(f"  {images} of {photographs} would be made in {summary.out}" + (", such as" if foreseen.examples else ""))
    if foreseen.examples:
        say()
        table(("photograph", "images"), [(name, ", ".join(of.values())) for name, of in foreseen.examples.items()])
        say()
    _tell_earlier(summary)
    say("  nothing was made, and no photograph was opened; the same without --dry-run makes them")
    return concluded(summary.notices, strict=request.strict)


def _tell(summary: SynthesisSummary) -> None:
    rate = f", {pace(summary.n_outputs / summary.seconds, 'images')}" if summary.n_outputs else ""
    say(f"{summary.reference}: {', '.join(summary.expressions)}")
    done, n_outputs = counted(summary.done, "photograph"), counted(summary.n_outputs, "image")
    say(f"  {done} done, {n_outputs} in {duration(summary.seconds)}{rate}")
    if summary.n_faces or summary.left_alone:
        alone = f", {summary.left_alone} left alone: too small, or not asked for" if summary.left_alone else ""
        say(f"  {counted(summary.n_faces, 'face')} in {'it' if summary.done == 1 else 'them'}{alone}")
    _tell_earlier(summary)
    say(f"  outputs and manifest.jsonl are in {summary.out}")


def _tell_earlier(summary: SynthesisSummary) -> None:
    """Tell what was there before, and what was not looked at because that was asked for."""
    found = (summary.there, "made otherwise"), (summary.unrecorded, "of a run that was interrupted, or changed since")
    for number, how in found:
        if number:
            say(f"  {number:,} of the images {'was' if number == 1 else 'were'} there before, {how}")
    if summary.unchanged:
        say(f"  {counted(summary.unchanged, 'photograph')} done before in the same way (--force repeats them)")
    if summary.excluded:
        named = [f"{name} ({reason})" for name, reason in summary.excluded.items()]
        say(f"  {summary.n_excluded} left out, as asked: {a_few(named, summary.n_excluded, most=3)}")


def record_of(summary: SynthesisSummary) -> dict[str, Any]:
    """Return the summary for JSON; what became of each photograph is in its manifest."""
    return _asked_for(summary) | {
        "done": summary.done,
        "images": summary.n_outputs,
        "faces": summary.n_faces,
        "failed": summary.failed.n,
        "seconds": summary.seconds,
        "notices": to_records(summary.notices),
    }


def _asked_for(summary: SynthesisSummary) -> dict[str, Any]:
    return {
        "version": summary.reference,
        "expressions": list(summary.expressions),
        "out": str(summary.out),
        "unchanged": summary.unchanged,
        "there": summary.there,
        "unrecorded": summary.unrecorded,
    }
