"""`fesdist faces`: a folder of drawn faces, the same people with every expression."""

from __future__ import annotations

from pathlib import Path

from fesdist.cli.console import progress, say
from fesdist.faces.expression import EXPRESSIONS
from fesdist.faces.generate import write_faces
from fesdist.ground.counting import counted
from fesdist.ground.share import Progress
from fesdist.images.formats import check_folder
from fesdist.requests.stacks import Faces


def run(request: Faces) -> int:
    """Draw the faces."""
    with progress("drawing", "faces") as report:
        n = carry_out(request, report)
    expressions = ", ".join(_expressions(request))
    say(f"{counted(n, 'face')} of {counted(request.people, 'person')} ({expressions}) in {request.folder}")
    return 0


def carry_out(request: Faces, on_progress: Progress) -> int:
    """Draw what is asked for, and return the number of files.

    Raises as `fesdist.faces.generate.write_faces`, and BadParameterError for a folder that is none.
    """
    folder = Path(request.folder)
    check_folder(folder)
    return write_faces(folder, request.people, request.size, _expressions(request), request.seed, on_progress)


def _expressions(request: Faces) -> tuple[str, ...]:
    return tuple(dict.fromkeys((EXPRESSIONS[0], *(request.expressions or EXPRESSIONS))))
