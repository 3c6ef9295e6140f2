"""People go into a stack in batches that fit into memory, and an account is kept of every file."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fesdist.align.aligner import Aligner
from fesdist.ground.blank import shown_instead
from fesdist.ground.errors import ImageError
from fesdist.ground.misalignment import misalignments_of
from fesdist.ground.share import Progress
from fesdist.images.decode import decode
from fesdist.images.pairs import Person, Skipped
from fesdist.images.survey import attempt_all
from storage.stack.reading import StackSpec
from storage.stack.writer import PendingSubject, StackWriter

Image = NDArray[Any]
"""(channel, row, col), uint8 or float64 as the stack holds it."""

_BATCH_BYTES = 256 * 2**20
"""Images held in memory until they are stored together."""

_T = TypeVar("_T")


@dataclass
class Account:
    """What became of the photographs of a folder, so far."""

    added: int = 0
    unchanged: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    unpaired: list[str] = field(default_factory=list)
    """Ids of people whose input, or all of whose targets, cannot be used."""
    blank: dict[Path, str] = field(default_factory=dict)
    """What photographs show in the place of something."""
    misaligned: dict[str, str] = field(default_factory=dict)
    """Where photographs lie that do not lie as the same person's input, by person and expression."""

    def usable(self, attempts: Iterable[tuple[Path, _T | ImageError]]) -> dict[Path, _T]:
        """Return the results of the files that could be used, and enter the others as skipped."""
        results = {}
        for path, result in attempts:
            if isinstance(result, ImageError):
                self.skipped.append(Skipped(path, str(result).removeprefix(f"{path}: ")))
            else:
                results[path] = result
        return results

    def paired(self, people: Iterable[Person], usable: Collection[Path], input_expression: str) -> list[Person]:
        """Return the people with their usable files, and enter those who are no pair any more as unpaired."""
        kept = []
        for person in people:
            files = {name: path for name, path in person.files.items() if path in usable}
            if {input_expression} < files.keys():
                kept.append(Person(person.id, files))
            else:
                self.unpaired.append(person.id)
        return kept

    def look_at(self, people: Iterable[Person], images: Mapping[Path, Image], input_expression: str) -> None:
        """Enter which photographs show nothing, and which lie elsewhere than the same person's input."""
        pairs = {}
        for person in people:
            before = images[person.files[input_expression]]
            for name, path in person.files.items():
                if instead := shown_instead(images[path]):
                    self.blank[path] = instead
                elif name != input_expression:
                    pairs[f"{person.id}, {name}"] = before, images[path]
        for pair, found in zip(pairs, misalignments_of(pairs.values()), strict=True):
            if found.differs:
                self.misaligned[pair] = found.in_words()


def fill(
    writer: StackWriter,
    people: Sequence[Person],
    holdout: float | frozenset[str],
    account: Account,
    *,
    pixel_limit: int,
    aligner: Aligner | None = None,
    on_progress: Progress | None = None,
) -> None:
    """Decode the photographs of `people` and append them to a stack; `holdout` is a fraction or ids.

    Every batch gets its sides as it is stored, so an interrupted ingest leaves a stack to train from.
    Raises what `StackWriter.append` and `StackWriter.assign_holdout` do.
    """
    # Those whom a killed ingest left without a side get one now; ids that were trained on are refused before any work.
    writer.assign_holdout(*_sides(holdout, {subject.id for subject in writer.subjects}))
    total, done, name = sum(len(person.files) for person in people), 0, writer.spec.input_expression
    if aligner:
        # Whom the stack has keeps the drop that it has of them, even if their input was replaced by another photograph.
        stored = {subject.id: complex(*subject.drop) for subject in writer.subjects if subject.drop}
        aligner.drops.update({person.files[name]: stored[person.id] for person in people if person.id in stored})
    for batch in _batches(people, writer.spec, writer.batch):
        inputs = {path: person.files[name] for person in batch for path in person.files.values()}
        read = partial(_read, inputs=inputs, spec=writer.spec, pixel_limit=pixel_limit, aligner=aligner)
        # Inputs first: they tell where the others' lips would be without an expression.
        firsts = dict.fromkeys(inputs.values())
        others = [path for path in inputs if path not in firsts]
        attempts: list[tuple[Path, Image | ImageError]] = []
        for attempt in chain(attempt_all(read, firsts), attempt_all(read, others)):
            attempts.append(attempt)
            done += 1
            if on_progress is not None:
                on_progress(done, total, attempt[0].name)
        images = account.usable(attempts)
        used = account.paired(batch, images, name)
        account.look_at(used, images, name)
        _append(writer, used, images, aligner.drops if aligner and writer.spec.lips else {}, account, holdout)


def _read(
    path: Path, *, inputs: Mapping[Path, Path], spec: StackSpec, pixel_limit: int, aligner: Aligner | None
) -> Image:
    """Return what `read_image` does of a photograph, placed by the drop of its input if that was aligned."""
    return read_image(path, spec, pixel_limit, aligner, aligner.drops.get(inputs[path]) if aligner else None)


def read_image(
    path: Path, spec: StackSpec, pixel_limit: int, aligner: Aligner | None = None, drop: complex | None = None
) -> Image:
    """Return the photograph in `path` as a stack of this `spec` holds it, (channel, row, col): its face, if aligned.

    `drop` is that of the person's input; None if this is the input.

    Normalisation "none": uint8 in 0..255, as decoded. "min-max": float64 (v - min) / (max - min) in [0, 1], where
    min and max go over all pixels and channels of the image, as in the code of Khan et al. 2020; raises
    `ImageError` if min = max.
    """
    size = (spec.height, spec.width)
    pixels = decode(
        path, colour="gray" if spec.channels == 1 else "rgb", size=None if aligner else size, pixel_limit=pixel_limit
    )
    if aligner:
        pixels = aligner.aligned(path, pixels, size, drop)
    if spec.normalisation == "none":
        return pixels
    low, high = int(pixels.min()), int(pixels.max())
    if low == high:
        raise ImageError(
            f"{path}: every pixel is {low}; expected some contrast, as the stack stretches each image to its range"
        )
    return (pixels.astype(np.float64) - low) / (high - low)


def _append(
    writer: StackWriter,
    people: Sequence[Person],
    images: Mapping[Path, Image],
    drops: Mapping[Path, complex],
    account: Account,
    holdout: float | frozenset[str],
) -> None:
    stored = {subject.id: subject.digests for subject in writer.subjects}
    pending = []
    for person in people:
        own = {name: images[path] for name, path in person.files.items()}
        name = writer.spec.input_expression
        # Another input under the same id is another person or pose: its targets must not join the stored input.
        if stored.get(person.id, {}).get(name, expected := writer.digest(own[name])) != expected:
            reason = f"another {name} image of subject {person.id!r} is stored; nothing of this one was added"
            account.skipped.append(Skipped(person.files[name], reason))
            account.unpaired.append(person.id)
        else:
            drop = drops.get(person.files[name])
            pending.append(PendingSubject(person.id, own, None if drop is None else (drop.real, drop.imag)))
    outcome = writer.append(pending, *_sides(holdout, stored.keys() | {each.id for each in pending}))
    account.added += len(outcome.added)
    account.unchanged += len(outcome.unchanged)
    files = {person.id: person.files for person in people}
    for subject, name in outcome.conflicts:
        reason = f"another {name} image of subject {subject!r} is stored; it was kept"
        account.skipped.append(Skipped(files[subject][name], reason))


def _batches(people: Sequence[Person], spec: StackSpec, most: int) -> Iterator[Sequence[Person]]:
    expressions = {name for person in people for name in person.files}
    person_bytes = len(expressions) * math.prod(spec.image_shape) * np.dtype(spec.dtype).itemsize
    n_people = max(1, min(most, _BATCH_BYTES // person_bytes))
    for start in range(0, len(people), n_people):
        yield people[start : start + n_people]


def _sides(holdout: float | frozenset[str], known: Collection[str]) -> tuple[float | None, frozenset[str] | None]:
    """Return the fraction and the ids by which a stack of the people `known` chooses whom to hold out."""
    return (None, holdout.intersection(known)) if isinstance(holdout, frozenset) else (holdout, None)
