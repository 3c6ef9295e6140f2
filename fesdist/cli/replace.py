"""`fesdist replace`: another photograph of a person in a training stack."""

from __future__ import annotations

from pathlib import Path

from fesdist.align.aligner import Aligner
from fesdist.align.points import read_points
from fesdist.cli.console import say
from fesdist.cli.notices import concluded
from fesdist.ground.blank import shown_instead
from fesdist.ground.errors import BadParameterError
from fesdist.ground.misalignment import misalignment_to
from fesdist.ground.notices import Notice, noticed
from fesdist.images.decode import MEGAPIXEL, read_header
from fesdist.images.filling import Image, read_image
from fesdist.images.resize import stretch
from fesdist.images.summary import of_misaligned_pairs, of_people_on_both_sides
from fesdist.requests.stacks import Replace
from storage.stack.editing import replace_image
from storage.stack.reading import StackSpec, TrainingStack


def run(request: Replace) -> int:
    """Replace the photograph; raises ImageError for a file that is none, and as `replace_image`."""
    spec, file = TrainingStack.open(request.stack).spec, Path(request.file)
    aligner = _aligner(request, spec, file)
    image = read_image(file, spec, _limit(request), aligner)
    replace_image(request.stack, request.person, request.expression, image)
    say(
        f"{request.expression} of {request.person} in {request.stack} is now {request.file}; versions trained before "
        "stay as they are"
    )
    return concluded(_notices(request, file, image, aligner), strict=request.strict)


def _notices(request: Replace, file: Path, image: Image, aligner: Aligner | None) -> tuple[Notice, ...]:
    """Return what is in doubt of the photograph, by itself and beside the others of the person."""
    stack, name = TrainingStack.open(request.stack), str(file)
    (place,) = [number for number, person in enumerate(stack.subjects) if person.id == request.person]
    before, shape = stack.spec.input_expression, stack.image_shape
    others = stack.subjects[place].digests.keys() - {request.expression}
    images = {request.expression: image} | {each: _stored(stack, each, place) for each in others}
    lies = misalignment_to(images[before])
    misaligned = {
        f"{request.person}, {each}": found.in_words()
        for each in (sorted(others) if request.expression == before else [request.expression])
        if (found := lies(images[each])).differs
    }
    stretched = aligner is None and stretch(read_header(file, pixel_limit=_limit(request)).shape, shape) != 1
    crowded, instead = bool(aligner and aligner.crowded), shown_instead(image)
    return (
        *noticed("changed", "{n photograph} stretched, as proportions differ", [name] * stretched),
        *noticed("doubtful", "{n photograph} with several faces, of which the largest was taken", [name] * crowded),
        *noticed("doubtful", "{n photograph} of which nothing can be seen", {name: instead} if instead else {}),
        *of_misaligned_pairs(before, misaligned),
        *of_people_on_both_sides(stack.subjects),
    )


def _limit(request: Replace) -> int:
    return round(request.pixel_limit * MEGAPIXEL)


def _stored(stack: TrainingStack, expression: str, place: int) -> Image:
    rows, cols = (slice(0, side) for side in stack.image_shape)
    image: Image = stack.read(expression, [place], rows, cols)[0]
    return image


def _aligner(request: Replace, spec: StackSpec, file: Path) -> Aligner | None:
    if not request.align:
        if request.points:
            raise BadParameterError("--points is of no use without --align: give that as well")
        return None
    if spec.eyes is None:
        raise BadParameterError(
            f"{request.stack} does not say where its faces have their eyes; expected a stack that was ingested with "
            "--align or --eyes: leave --align out, and give a photograph that lies as the others"
        )
    return Aligner.of(spec.eyes, file.parent, read_points(request.points) if request.points else None)
