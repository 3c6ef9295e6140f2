"""A folder of photographs becomes samples of a training stack."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from functools import partial
from pathlib import Path

from fesdist.align.aligner import Aligner
from fesdist.ground.counting import counted
from fesdist.ground.errors import BadParameterError, PairingError
from fesdist.ground.letters import composed
from fesdist.ground.share import Progress
from fesdist.images.decode import PIXEL_LIMIT, read_header
from fesdist.images.filling import Account, fill
from fesdist.images.listing import holds_outputs
from fesdist.images.pairs import USUAL_LAYOUT, Layout, Pairs, find_pairs
from fesdist.images.summary import IngestSummary, count_pairs
from fesdist.images.survey import AS_FOUND, Wanted, attempt_all, check_spec, choose_spec, frame_of, framed
from storage.blobs.names import check_name
from storage.errors import NotFoundError, StorageError
from storage.stack.reading import TrainingStack
from storage.stack.writer import StackWriter

HOLDOUT = 0.2
"""Fraction of the people held out for evaluation unless the caller or the folder says otherwise."""

INPUT_EXPRESSION = "neutral"


def ingest(
    source: str | Path,
    stack_path: str | Path,
    wanted: Wanted = AS_FOUND,
    *,
    holdout: float | Collection[str] | None = None,
    layout: Layout = USUAL_LAYOUT,
    pixel_limit: int = PIXEL_LIMIT,
    on_progress: Progress | None = None,
) -> IngestSummary:
    """Append the pairs in the folder `source` to the stack at `stack_path`, which is created if absent.

    `wanted` describes a new stack; of an existing one the same is taken from the stack, and must not contradict it.
    A new stack has, unless told otherwise, the size all photographs have, one channel if all are gray and otherwise
    three, normalisation "none" and the input expression "neutral". "none" stores uint8 in 0..255; "min-max" stores
    float64 (v - min) / (max - min) over all pixels and channels of an image.

    `holdout` is the fraction of people held out for evaluation, or their ids; None means those in testA and testB,
    or a fifth. It concerns new people only: nobody ever changes side. `on_progress(done, total, note)` counts
    files.

    With `wanted.align` the face of each photograph, the largest of several, is brought to the stack's frame, the others
    of a person by the drop of the input; one without a face is a file that cannot be used.

    A file that cannot be used is listed in the summary and stops nothing. A batch is stored entirely or not at all:
    after an interruption or a full disk the same call goes on where it stopped, as what is stored is recognised by
    its pixels.

    Raises `PairingError` for a folder without usable pairs or of mixed sizes, `BadParameterError` for settings that
    contradict the stack or each other, and the storage room's errors: another writer, a full disk, a bad name.
    """
    source, stack_path = Path(source), str(stack_path)
    if (size := wanted.size) is not None and math.prod(size) > pixel_limit:
        raise BadParameterError(
            f"images of {size[0]:,} x {size[1]:,} = {math.prod(size):,} pixels were asked for; expected at most "
            f"{pixel_limit:,}, the pixel limit: choose a smaller --size, or raise --pixel-limit"
        )
    if "://" not in stack_path and Path(stack_path).resolve() == source.resolve():
        raise BadParameterError(
            f"{stack_path} is the folder of the photographs itself; expected another path for the stack, which is "
            "created if absent"
        )
    existing = _existing(stack_path)
    wanted = framed(stack_path, existing.spec if existing else None, wanted)
    if existing is not None:
        check_spec(stack_path, existing.spec, wanted)
    named = wanted.input_expression or (existing.spec.input_expression if existing else INPUT_EXPRESSION)
    pairs = find_pairs(source, input_expression=named, layout=layout)
    for expression in pairs.expressions:
        check_name("expression", expression)
    sides = _holdout(holdout, pairs, {subject.id for subject in existing.subjects} if existing else set())

    account = Account()
    files = [path for person in pairs.people for path in person.files.values()]
    headers = account.usable(attempt_all(partial(read_header, pixel_limit=pixel_limit), files))
    people = account.paired(pairs.people, headers, named)
    if not people:
        raise _nothing_usable(source, account)
    # Only pairs count: a photograph without its partner must not decide on the stack.
    used = [headers[path] for person in people for path in person.files.values()]
    spec = existing.spec if existing else choose_spec(used, wanted, named)

    frame = frame_of(stack_path, spec) if wanted.align else None
    aligner = Aligner.of(frame, source, wanted.points) if frame else None
    with StackWriter.open(stack_path) if existing else StackWriter.create(stack_path, spec) as writer:
        try:
            fill(writer, people, sides, account, pixel_limit=pixel_limit, aligner=aligner, on_progress=on_progress)
        finally:
            if existing is None and not writer.subjects:
                # Empty, it would bind the next attempt to the size and the eyes of this one.
                with suppress(StorageError):
                    writer.discard()
        if not writer.subjects:
            raise _nothing_usable(source, account)
    stack = TrainingStack.open(stack_path)
    return IngestSummary(
        stack=stack.path,
        created=existing is None,
        spec=spec,
        subjects=stack.people,
        pairs=count_pairs(stack),
        added=account.added,
        unchanged=account.unchanged,
        skipped=tuple(account.skipped),
        unpaired=tuple(account.unpaired),
        without_input=pairs.without_input,
        without_target=pairs.without_target,
        missing=pairs.missing,
        ignored=pairs.ignored,
        resized=Counter(header.shape for header in used if header.shape != stack.image_shape and not aligner),
        aligned=aligner is not None,
        crowded=tuple(sorted(aligner.crowded)) if aligner else (),
        lipless=tuple(sorted(aligner.lipless)) if aligner else (),
        blank=account.blank,
        misaligned=account.misaligned,
        unmarked=wanted.points.unlike(path.relative_to(source).as_posix() for path in files) if wanted.points else "",
        of_outputs=holds_outputs(os.listdir(source)),
    )


def _existing(path: str) -> TrainingStack | None:
    try:
        return TrainingStack.open(path)
    except NotFoundError:
        return None


def _holdout(holdout: float | Collection[str] | None, pairs: Pairs, stored: set[str]) -> float | frozenset[str]:
    """Return the fraction or the ids that hold for this ingest; `stored` are ids in the stack."""
    if holdout is None:
        return HOLDOUT if pairs.holdout is None else pairs.holdout
    if pairs.holdout is not None:
        raise BadParameterError(
            "testA and testB say who is held out, and a hold-out was given as well: leave it out, or move them away"
        )
    if isinstance(holdout, int | float):
        if not 0 <= holdout < 1:
            raise BadParameterError(f"the fraction of people to hold out is {holdout}; expected 0 <= fraction < 1")
        if stored and not {person.id for person in pairs.people} - stored:
            raise BadParameterError(
                f"{holdout:g} of the people shall be held out, but all of them are in the stack already, where nobody "
                "changes sides; leave --holdout out, or make a new stack"
            )
        return float(holdout)
    known = stored.union((person.id for person in pairs.people), pairs.without_input, pairs.without_target)
    wanted = frozenset(map(composed, holdout))
    unknown = sorted(wanted - known)
    if unknown:
        raise BadParameterError(
            f"{len(unknown)} of the people to hold out are neither in the folder nor in the stack, such as"
            f" {unknown[0]!r}; expected subject ids such as {min(known)!r}"
        )
    return wanted


def _nothing_usable(source: Path, account: Account) -> PairingError:
    first = account.skipped[0]
    return PairingError(
        f"no pair in {source} can be used, {counted(len(account.skipped), 'photograph')} refused; the first is "
        f"{first.path}: {first.reason}"
    )
