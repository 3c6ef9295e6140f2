"""A person taken out of a stack, another picture put in, other names for pictures: one commit decides.

Sample indices are places in arrays, so nobody moves up: what was somebody's place is nobody's from the commit on, and
then zeros. Who gets another picture gets a new place. Killed at any instant, the stack is as it was, or as asked for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from storage.blobs.creation import mark
from storage.errors import MismatchError, NotFoundError
from storage.stack.format import NOBODY, Subject
from storage.stack.reading import TrainingStack
from storage.stack.writer import StackWriter


def delete_person(path: str | Path, name: str) -> tuple[str, ...]:
    """Delete all images of a person, and their name, from a stack; return the expressions that they had.

    Raises `NotFoundError` for nobody of that name, and as `StackWriter.open`.
    """
    with StackWriter.open(path) as writer:
        _erase(writer, _vacant(writer))
        person = find_person(writer.subjects, name, path)
        place = writer.subjects.index(person)
        writer.commit(tuple(_nobody() if subject is person else subject for subject in writer.subjects))
        _erase(writer, {place})
        return tuple(sorted(person.digests))


def replace_image(path: str | Path, name: str, expression: str, image: NDArray[Any]) -> None:
    """Store `image`, (channel, row, col), in the place of the one that a person has; their side stays.

    Versions that were trained before keep the fingerprint of what they learned from. Raises `NotFoundError` for nobody
    of that name or no such image of theirs, `MismatchError` for an image that does not fit, or is the same, and as
    `StackWriter.open`.
    """
    with StackWriter.open(path) as writer:
        _erase(writer, _vacant(writer))
        person = find_person(writer.subjects, name, path)
        if expression not in person.digests:
            raise NotFoundError(
                f"{name!r} has no {expression!r} in {path}; expected one of {', '.join(sorted(person.digests))}: ingest"
                " adds others"
            )
        writer.check_image(name, expression, image)
        if writer.digest(image) == person.digests[expression]:
            raise MismatchError(f"{expression!r} of {name!r} in {path} has these very pixels; expected other ones")
        stack, place = TrainingStack.open(path), writer.subjects.index(person)
        rows, cols = (slice(0, side) for side in stack.image_shape)
        others = person.digests.keys() - {expression}
        images = {expression: image} | {each: stack.read(each, [place], rows, cols)[0] for each in sorted(others)}
        again = replace(person, digests={each: writer.digest(pixels) for each, pixels in images.items()})
        subjects = tuple(_nobody() if subject is person else subject for subject in writer.subjects)
        new_place = len(subjects)
        writer.commit((*subjects, again), ((each, {new_place: pixels}) for each, pixels in images.items()))
        _erase(writer, {place})


def relabel(path: str | Path, moves: Mapping[str, Mapping[int, str]]) -> None:
    """Let images be of other expressions, which `moves` says by the one they are of and by sample index, all at once.

    Pixels and digests stay. Raises `MismatchError` for who has another image of the new expression, `NotFoundError` for
    an image that is not there, `FormatError` for one that is not as it was stored, and as `StackWriter.open`.
    """
    with StackWriter.open(path) as writer:
        stack, subjects, taken = TrainingStack.open(path), list(writer.subjects), dict[str, dict[int, str]]()
        for old, by_place in moves.items():
            for place, new in by_place.items():
                person = subjects[place]
                digests = dict(person.digests)
                if old not in digests:
                    raise NotFoundError(f"{person.id!r} has no {old!r} in {path}; expected one that is there")
                digest = digests.pop(old)
                if digests.setdefault(new, digest) != digest:
                    raise MismatchError(
                        f"{person.id!r} has another {new!r} already in {path} than the {old!r} that shall become that; "
                        "expected one of them: take a person out with `fesdist delete`, and ingest them anew"
                    )
                if new not in person.digests:
                    taken.setdefault(old, {})[place] = new
                subjects[place] = replace(person, digests=digests)
        writer.commit(tuple(subjects), _moved(stack, taken))
        writer.tidy()


def _moved(
    stack: TrainingStack, taken: Mapping[str, Mapping[int, str]]
) -> Iterator[tuple[str, dict[int, NDArray[Any]]]]:
    """Yield images of the expressions that they become, those of a chunk at a time."""
    whole = tuple(slice(0, side) for side in stack.image_shape)
    for old, by_place in taken.items():
        for block in stack.blocks(sorted(by_place), stack.spec.chunks()[0]):
            images = dict(zip(block.tolist(), stack.read(old, block, *whole), strict=True))
            for new in sorted({by_place[place] for place in images}):
                yield new, {place: image for place, image in images.items() if by_place[place] == new}


def find_person(subjects: Sequence[Subject], name: str, path: str | Path) -> Subject:
    """Return who is called `name`, an accent being part of its letter or not, as keyboards and files have either.

    Raises `NotFoundError` for nobody of that name in the stack in `path`.
    """
    people = {subject.id: subject for subject in subjects if not subject.is_nobody}
    alike = {_composed(known): subject for known, subject in people.items()}
    if (found := people.get(name) or alike.get(_composed(name))) is not None:
        return found
    known = list(people)
    raise NotFoundError(f"there is nobody called {name!r} in {path}; its {len(known)} people: {_some(known)}")


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def _nobody() -> Subject:
    """Return the entry of a place that is nobody's; its side keeps it out of every choice of people to hold out."""
    return Subject(f"{NOBODY}{mark()}", "train")


def _vacant(writer: StackWriter) -> set[int]:
    """Return the places that are nobody's; what an edit that was killed after its commit left is in one of them."""
    return {place for place, subject in enumerate(writer.subjects) if subject.is_nobody}


def _erase(writer: StackWriter, places: Collection[int]) -> None:
    """Overwrite what is left in places that are nobody's."""
    if places:
        writer.overwrite(places)
