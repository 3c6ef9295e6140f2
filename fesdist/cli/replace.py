"""`fesdist replace`: another photograph of a person in a training stack."""

from __future__ import annotations

from pathlib import Path

from fesdist.align.aligner import Aligner
from fesdist.align.points import read_points
from fesdist.cli.console import say
from fesdist.ground.errors import BadParameterError
from fesdist.images.decode import MEGAPIXEL
from fesdist.images.filling import read_image
from fesdist.requests.stacks import Replace
from storage.stack.editing import replace_image
from storage.stack.reading import StackSpec, TrainingStack


def run(request: Replace) -> int:
    """Replace the photograph; raises ImageError for a file that is none, and as `replace_image`."""
    spec, file = TrainingStack.open(request.stack).spec, Path(request.file)
    image = read_image(file, spec, round(request.pixel_limit * MEGAPIXEL), _aligner(request, spec, file))
    replace_image(request.stack, request.person, request.expression, image)
    say(
        f"{request.expression} of {request.person} in {request.stack} is now {request.file}; versions trained before "
        "stay as they are"
    )
    return 0


def _aligner(request: Replace, spec: StackSpec, file: Path) -> Aligner | None:
    if not request.align:
        return None
    if spec.eyes is None:
        raise BadParameterError(
            f"{request.stack} does not say where its faces have their eyes; expected a stack that was ingested with "
            "--align or --eyes: leave --align out, and give a photograph that lies as the others"
        )
    return Aligner.of(spec.eyes, file.parent, read_points(request.points) if request.points else None)
