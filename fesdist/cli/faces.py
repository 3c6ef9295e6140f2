"""`fesdist faces`: a folder of drawn faces, the same people with every expression."""

from __future__ import annotations

from fesdist.cli.console import counted, people, progress, say
from fesdist.faces.expression import EXPRESSIONS
from fesdist.faces.generate import write_faces
from fesdist.requests.stacks import Faces


def run(request: Faces) -> int:
    """Draw the faces."""
    expressions = tuple(dict.fromkeys((EXPRESSIONS[0], *(request.expressions or EXPRESSIONS))))
    with progress("drawing", "faces") as report:
        n = write_faces(request.folder, request.people, request.size, expressions, request.seed, on_progress=report)
    say(f"{counted(n, 'face')} of {people(request.people)} ({', '.join(expressions)}) in {request.folder}")
    return 0
