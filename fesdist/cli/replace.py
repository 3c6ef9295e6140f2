"""`fesdist replace`: another photograph of a person in a training stack."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fesdist.align.aligner import Aligner, finding_of
from fesdist.align.finding import LARGEST
from fesdist.align.frame import Fractions, Frame
from fesdist.align.points import read_points
from fesdist.cli.console import say
from fesdist.cli.notices import concluded
from fesdist.ground.blank import shown_instead
from fesdist.ground.errors import BadParameterError, ImageError
from fesdist.ground.misalignment import misalignments_of
from fesdist.ground.notices import Notice, noticed
from fesdist.images.decode import MEGAPIXEL, read_header
from fesdist.images.filling import Image, read_image
from fesdist.images.resize import stretch
from fesdist.images.summary import of_misaligned_pairs, of_people_on_both_sides
from fesdist.images.survey import frame_of
from fesdist.requests.stacks import Replace
from storage.stack.editing import find_person, replace_image
from storage.stack.format import Subject
from storage.stack.reading import StackSpec, TrainingStack

_APART = 1 / 4
"""Of the distance between the eyes, so far may they lie from their place; of 80 aligned people 0.06 was the most."""


def run(request: Replace) -> int:
    """Replace the photograph; raises ImageError for a file that is none, and as `replace_image`."""
    stack, file = TrainingStack.open(request.stack), Path(request.file)
    drop = find_person(stack.subjects, request.person, request.stack).drop
    aligner = _aligner(request, stack.spec, file)
    image = read_image(file, stack.spec, _limit(request), aligner, complex(*drop) if drop else 1 + 0j)
    replace_image(request.stack, request.person, request.expression, image)
    say(
        f"{request.expression} of {request.person} in {request.stack} is now {request.file}; versions trained before "
        "stay as they are"
    )
    return concluded(_notices(request, image, aligner), strict=request.strict)


def _notices(request: Replace, image: Image, aligner: Aligner | None) -> tuple[Notice, ...]:
    """Return what is in doubt of the photograph, by itself and beside the others of the person."""
    stack, name = TrainingStack.open(request.stack), request.file
    person = find_person(stack.subjects, request.person, request.stack)
    header = read_header(Path(name), pixel_limit=_limit(request))
    stretched = aligner is None and stretch(header.shape, stack.image_shape) != 1
    crowded, instead = bool(aligner and aligner.crowded), shown_instead(image)
    elsewhere = "" if aligner or instead or stack.spec.eyes is None else _elsewhere(stack.spec.eyes, image)
    return (
        *noticed("changed", "{n photograph} stretched, as proportions differ", [name] * stretched),
        *noticed("doubtful", "{n photograph} with several faces, of which the largest was taken", [name] * crowded),
        *noticed("doubtful", "{n photograph} of which nothing can be seen", {name: instead} if instead else {}),
        *noticed("doubtful", "{n photograph} not lying as the others", {name: elsewhere} if elsewhere else {}),
        *of_misaligned_pairs(stack.spec.input_expression, _misaligned(stack, person, request.expression, image)),
        *of_people_on_both_sides(stack.subjects),
    )


def _misaligned(stack: TrainingStack, person: Subject, expression: str, image: Image) -> dict[str, str]:
    """Return how photographs of a person do not lie as the input, which may be the new one, or not be there."""
    before, place = stack.spec.input_expression, stack.subjects.index(person)
    others = sorted(person.digests.keys() - {expression})
    images = {expression: image} | {each: _stored(stack, each, place) for each in others}
    if before not in images:
        return {}
    compared = others if expression == before else [expression]
    found = misalignments_of((images[before], images[each]) for each in compared)
    return {f"{person.id}, {each}": lies.in_words() for each, lies in zip(compared, found, strict=True) if lies.differs}


def _elsewhere(eyes: Fractions, image: Image) -> str:
    """Return how far a face lies from where the stack has all others; "" if it lies there, or if nobody can tell."""
    pixels = image if image.dtype == np.uint8 else np.rint(255 * image).astype(np.uint8)
    shape = image.shape[1], image.shape[2]
    try:
        face = finding_of(Frame(eyes), LARGEST, None).found(pixels, shape).placed[0].face
    except (BadParameterError, ImageError):
        return ""
    wanted = np.multiply(eyes, (shape[1], shape[0]))
    apart = np.linalg.norm(np.subtract(face.eyes, wanted), axis=1).max() / np.linalg.norm(wanted[1] - wanted[0])
    return (
        f"its eyes lie {apart:.0%} of their distance from theirs; --align brings them there" if apart > _APART else ""
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
    if (frame := frame_of(request.stack, spec)) is None:
        raise BadParameterError(
            f"{request.stack} does not say where its faces have their eyes; expected a stack that was ingested with "
            "--align or --eyes: leave --align out, and give a photograph that lies as the others"
        )
    return Aligner.of(frame, file.parent, read_points(request.points) if request.points else None)
