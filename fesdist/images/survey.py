"""What the headers of all photographs say, and the stack that follows from it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from fesdist.align.frame import USUAL, Fractions, Frame, usual_lips
from fesdist.align.points import Points
from fesdist.ground.counting import counted
from fesdist.ground.errors import BadParameterError, ImageError, PairingError
from fesdist.ground.notices import a_few
from fesdist.images.decode import ChannelMode, ImageHeader
from storage.stack.reading import StackSpec

_THREADS = min(4, os.cpu_count() or 1)
"""More would hold more decoded photographs in memory than they save time."""

_T = TypeVar("_T")

ALIGNED_SIZE = 256, 256
"""Rows and columns of aligned images if nothing is said: enough for a mouth to show, little enough to learn quickly."""


def attempt_all(function: Callable[[Path], _T], paths: Iterable[Path]) -> Iterator[tuple[Path, _T | ImageError]]:
    """Yield each path with `function(path)`, or with the `ImageError` it raised; in order, computed by a few threads.

    Once the caller leaves, nothing further is begun.
    """
    paths = list(paths)

    def attempt(path: Path) -> _T | ImageError:
        try:
            return function(path)
        except ImageError as error:
            return error

    pool = ThreadPoolExecutor(_THREADS)
    try:
        yield from zip(paths, pool.map(attempt, paths), strict=True)
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class Wanted:
    """What a caller asks of a stack's images; None and "auto" leave it to the stack, or to the photographs."""

    size: tuple[int, int] | None = None
    """Rows and columns."""
    colour: ChannelMode = "auto"
    normalisation: str | None = None
    input_expression: str | None = None
    eyes: Fractions | None = None
    """Where the eyes lie, or are brought to, as `Frame.eyes`."""
    align: bool = False
    """Whether faces are found and brought to where their eyes are wanted."""
    points: Points | None = None
    """Eyes that somebody has marked, of photographs to align."""

    @property
    def channels(self) -> int | None:
        """Return 1 or 3, or None for "auto"."""
        return {"rgb": 3, "gray": 1}.get(self.colour)


AS_FOUND = Wanted()
"""Whatever the stack, or the photographs, say."""


def framed(stack: str | Path, spec: StackSpec | None, wanted: Wanted) -> Wanted:
    """Return what is wanted with the frame and the size that alignment implies; `spec` is that of a stack that exists.

    Raises `BadParameterError` where photographs would lie otherwise than those that the stack has.
    """
    if wanted.eyes:
        Frame(wanted.eyes)
    if wanted.points and not wanted.align:
        raise BadParameterError(
            "points of eyes are of no use to photographs that are not aligned: give --align as well"
        )
    if spec is not None and spec.eyes and not (wanted.align or wanted.eyes):
        raise BadParameterError(
            f"the stack {stack} holds faces with their eyes at {said(spec.eyes)}: give --align to bring these there "
            f"too, or --eyes {said(spec.eyes)} if they lie so already"
        )
    if spec is not None and wanted.align and not spec.eyes:
        raise BadParameterError(
            f"the stack {stack} does not say where eyes lie in its images, so nothing can be aligned with them: leave "
            "--align out, or name a new stack"
        )
    if not wanted.align:
        return wanted
    if spec is not None:
        return replace(wanted, eyes=wanted.eyes or spec.eyes)
    return replace(wanted, eyes=wanted.eyes or USUAL.eyes, size=wanted.size or ALIGNED_SIZE)


def frame_of(stack: str | Path, spec: StackSpec) -> Frame | None:
    """Return where a stack has faces; None if it does not say. Raises BadParameterError for where none can lie."""
    try:
        return Frame(spec.eyes, spec.lips) if spec.eyes else None
    except BadParameterError as error:
        raise BadParameterError(f"the stack {stack} says that faces have their {error}") from None


def said(eyes: Fractions) -> str:
    """Return eyes as the command line has them."""
    return ",".join(f"{part:g}" for eye in eyes for part in eye)


def choose_spec(headers: Iterable[ImageHeader], wanted: Wanted, input_expression: str) -> StackSpec:
    """Return the specification of a new stack for photographs with these headers.

    Unless a size is wanted all photographs must have the same. With colour "auto" the stack is gray when all
    photographs are. Normalisation "min-max" needs float64; "none", the default, keeps uint8. Raises `PairingError`
    for mixed sizes.
    """
    headers = list(headers)
    size = wanted.size or _common_size(headers)
    channels = wanted.channels or max(header.channels for header in headers)
    normalisation = wanted.normalisation or "none"
    dtype = "float64" if normalisation == "min-max" else "uint8"
    lips = usual_lips(wanted.eyes, size) if wanted.align and wanted.eyes else None
    return StackSpec(*size, channels, dtype, normalisation, input_expression, eyes=wanted.eyes, lips=lips)


def check_spec(stack: str | Path, spec: StackSpec, wanted: Wanted) -> None:
    """Raise `BadParameterError` if the stack that exists is not what is wanted."""
    if wanted.eyes and not spec.eyes:
        raise BadParameterError(
            f"the stack {stack} does not say where eyes lie in its images, so nobody knows whether those at"
            f" {said(wanted.eyes)} lie alike: leave the option out to append to this stack, or name a new one"
        )
    eyes, wanted_eyes = (None if each is None else said(each) for each in (spec.eyes, wanted.eyes))
    for what, stored, asked in (
        ("images of (rows, columns)", (spec.height, spec.width), wanted.size),
        ("images whose number of channels is", spec.channels, wanted.channels),
        ("images with normalisation", spec.normalisation, wanted.normalisation),
        ("the input expression", spec.input_expression, wanted.input_expression),
        ("eyes at", eyes, wanted_eyes),
    ):
        if asked is not None and asked != stored:
            raise BadParameterError(
                f"the stack {stack} holds {what} {stored}, but {asked} was asked for: leave the option out to append to"
                " this stack, or name a new one"
            )


def _common_size(headers: list[ImageHeader]) -> tuple[int, int]:
    shapes = Counter(header.shape for header in headers)
    if len(shapes) == 1:
        return headers[0].shape
    common = [f"{rows} x {cols} ({counted(n, 'file')})" for (rows, cols), n in shapes.most_common()]
    raise PairingError(
        f"the photographs have {len(shapes)} different sizes (rows x columns): {a_few(common)}; expected one."
        " Give --size to bring them all to one; faces stay aligned only if they lie alike in their pictures"
    )
