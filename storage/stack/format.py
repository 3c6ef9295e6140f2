"""The training stack on disk: specification, table of subjects, chunks; see docs/formats/stack.md."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any, Literal, Protocol

import numpy as np
from msgspec import Raw, Struct
from numpy.typing import NDArray
from xxhash import xxh3_128

from storage.blobs.documents import Document, check_format, decode, encode
from storage.blobs.names import check_name
from storage.errors import FormatError, MismatchError

FORMAT = "fesdist-stack"
FORMAT_VERSION = 2
"""The newest that is read, and that new stacks have; a stack that is appended to keeps its own."""
_WITH_SHA256 = 1
"""The version whose digests are SHA-256."""
ATTRIBUTE = "fesdist_stack"
"""Key of the root group's attributes that holds the truth about the stack."""

NOBODY = "deleted:"
"""How the id of a place begins that was somebody's."""

DIMENSIONS = ("sample", "channel", "row", "col")
Split = Literal["train", "holdout"]

_CHUNK_SIDES = 64, 128
"""Rows and columns of chunks; the larger where the smaller make too small chunks."""
_CHUNK_BYTES = 800_000
"""At most, of a chunk of 64 x 64 pixels."""
_SMALL_CHUNK_BYTES = 400_000
"""Chunks of 64 x 64 pixels that have fewer are too small."""
_FIRST_SMALL_CHUNK_BYTES = 200_000
"""Of stacks of the first version, whose readers refuse chunks of as many samples and more pixels."""
_WHOLE_IMAGES_BYTES = 128_000_000
"""At most, of the whole images of which a chunk has a part: that much is written together."""
_MOST_SAMPLES = 1024
"""Of a chunk."""
_MOST_PIXELS = 1 << 16
"""Of a side of an image."""
_LARGEST_DROP = 2.0
"""Of either part."""


@dataclass(frozen=True)
class StackSpec:
    """What all images of a stack have in common; fixed when the stack is created. Raises `MismatchError`."""

    height: int
    width: int
    channels: int
    dtype: str
    normalisation: str
    """"none": pixels as in the files; "min-max": each image stretched to its own minimum and maximum."""
    input_expression: str = "neutral"
    mouth: tuple[float, float, float, float] = (0.60, 0.80, 0.30, 0.70)
    """(row0, row1, col0, col1) of the mouth, as fractions of height and width, for evaluation."""
    eyes: tuple[tuple[float, float], tuple[float, float]] | None = None
    """(x, y) of the eyes, left in the image first, as fractions of width and height; None if nobody has said."""
    lips: tuple[float, float] | None = None
    """(x, y) of the middle of the lips in inputs, likewise; None if only eyes are brought to their place."""

    def __post_init__(self) -> None:
        if not (1 <= self.height <= _MOST_PIXELS and 1 <= self.width <= _MOST_PIXELS):
            raise MismatchError(
                f"images of {self.height} x {self.width} pixels were given; expected 1 to {_MOST_PIXELS} on each side"
            )
        for name, given, allowed in (
            ("channels", self.channels, (1, 3)),
            ("dtype", self.dtype, ("uint8", "float64")),
            ("normalisation", self.normalisation, ("none", "min-max")),
        ):
            if given not in allowed:
                raise MismatchError(f"{name} of a stack is {given!r}; expected one of {allowed}")
        row0, row1, col0, col1 = self.mouth
        if not (0 <= row0 < row1 <= 1 and 0 <= col0 < col1 <= 1):
            raise MismatchError(f"mouth region {self.mouth}; expected fractions (row0, row1, col0, col1) in [0, 1]")
        if self.eyes is not None and not all(0 < part < 1 for eye in self.eyes for part in eye):
            raise MismatchError(f"eyes at {self.eyes}; expected fractions ((x, y), (x, y)) between 0 and 1")
        if self.lips is not None and not (self.eyes and all(0 < part < 1 for part in self.lips)):
            raise MismatchError(f"lips at {self.lips}; expected fractions (x, y) between 0 and 1, and eyes as well")
        check_name("expression", self.input_expression)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Return the shape (channel, row, col) of one image."""
        return self.channels, self.height, self.width

    def chunks(self, format_version: int = FORMAT_VERSION) -> tuple[int, int, int, int]:
        """Return the chunk shape (sample, channel, row, col) of an expression's array in a stack of this version.

        All channels; 64 x 64 pixels; the power of two of samples that makes at most 0.8 MB, but so few that their
        whole images take at most 128 MB. Where that leaves chunks below 0.4 MB, as for images of 1024 x 1024, it is
        128 x 128 pixels of as many samples: a chunk costs as much as unpacking a third of a megabyte.
        """
        image_bytes = math.prod(self.image_shape) * np.dtype(self.dtype).itemsize
        most = min(_WHOLE_IMAGES_BYTES // image_bytes, self._most_samples)
        # A power of two, so that the blocks in which samples are read and chunks fit into each other.
        n_samples = 1 << (max(1, most).bit_length() - 1)
        small, large = _CHUNK_SIDES
        least = _SMALL_CHUNK_BYTES if format_version > _WITH_SHA256 else _FIRST_SMALL_CHUNK_BYTES
        side = small if n_samples * self._sample_bytes(small) >= least else large
        return n_samples, self.channels, min(side, self.height), min(side, self.width)

    def may_have(self, chunks: tuple[int, ...]) -> bool:
        """Return whether fesdist ever made such chunks: the first had numbers of samples between powers of two."""
        n_samples, channels, *sides = chunks
        return (
            channels == self.channels
            and sides in ([min(side, self.height), min(side, self.width)] for side in _CHUNK_SIDES)
            and 1 <= n_samples <= self._most_samples
        )

    @property
    def _most_samples(self) -> int:
        """Return how many samples a chunk of 64 x 64 pixels may have, whatever the whole images take; 8 at least."""
        return min(_MOST_SAMPLES, _CHUNK_BYTES // self._sample_bytes(_CHUNK_SIDES[0]))

    def _sample_bytes(self, side: int) -> int:
        """Return the bytes of a sample's pixels in a chunk of `side` rows and columns."""
        return min(side, self.height) * min(side, self.width) * self.channels * np.dtype(self.dtype).itemsize


@lru_cache(maxsize=4096)
def _check_expression(name: str) -> None:
    """Refuse a name as `check_name` does; a stack has few of them, and each of its people has most."""
    check_name("expression", name)


@dataclass(frozen=True)
class Subject:
    """One person of a stack; their place in the table of subjects is their sample index in every array."""

    id: str
    split: Split | None = None
    """None until the first `assign_holdout`; from then on it never changes."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """For each expression stored, the digest of its image, as `StackContents.digest` returns it."""
    drop: tuple[float, float] | None = None
    """Real and imaginary part of the drop that all their images were placed by; None where only eyes were."""

    def __post_init__(self) -> None:
        for expression in self.digests:
            _check_expression(expression)
        if self.drop is not None and not (self.drop[0] > 0 and all(abs(part) <= _LARGEST_DROP for part in self.drop)):
            raise MismatchError(
                f"{self.id!r} has the drop {self.drop}; expected two numbers within {_LARGEST_DROP}, the first above 0"
            )

    @property
    def is_nobody(self) -> bool:
        """Return whether this is a place that was somebody's, who was deleted."""
        return self.id.startswith(NOBODY) and not self.digests

    @property
    def holdout(self) -> bool:
        """Return whether models must not learn from this person."""
        return self.split == "holdout"


@dataclass(frozen=True)
class StackContents:
    """The truth about a stack at one instant: what a single write of the root attributes commits."""

    spec: StackSpec
    subjects: tuple[Subject, ...] = ()
    format_version: int = FORMAT_VERSION

    @cached_property
    def expressions(self) -> tuple[str, ...]:
        """Return all expressions that somebody has, the input expression first, the others sorted."""
        found = {expression for subject in self.subjects for expression in subject.digests}
        return (self.spec.input_expression, *sorted(found - {self.spec.input_expression}))

    def to_document(self) -> Document:
        """Return the JSON object stored in the root attributes."""
        return {
            "format": FORMAT,
            "format_version": self.format_version,
            # Stacks that do not say where eyes and lips are look as they did before there was a place to say it.
            "spec": {key: value for key, value in asdict(self.spec).items() if value is not None},
            "expressions": list(self.expressions),
            "subjects": [_entry(subject) for subject in self.subjects],
        }

    def fingerprint(self, expressions: Sequence[str], samples: Iterable[int]) -> str:
        """Return what `TrainingStack.fingerprint` does, of samples that there are."""
        people = (self.subjects[int(index)] for index in samples)
        rows = [[subject.id, *(subject.digests.get(name) for name in expressions)] for subject in people]
        spec = StackContents(self.spec).to_document()["spec"]
        return sha256(json.dumps([spec, expressions, rows], sort_keys=True).encode()).hexdigest()

    def encoded(self) -> bytes:
        """Return the root document: a Zarr group with the truth among its attributes."""
        root = {"zarr_format": 3, "node_type": "group", "attributes": {ATTRIBUTE: self.to_document()}}
        return encode(root, "the table of subjects")

    def digest(self, image: NDArray[Any]) -> str:
        """Return the digest of an image (channel, row, col) as this stack has it; see `digest`."""
        return self.digest_of_parts([image])

    def digest_of_parts(self, parts: Iterable[NDArray[Any]]) -> str:
        """Return the same of an image whose pixels come in parts, which follow each other in C order."""
        begin = sha256 if self.format_version == _WITH_SHA256 else xxh3_128
        return _digest(begin, self.spec.image_shape, np.dtype(self.spec.dtype), parts)

    @staticmethod
    def decoded(data: bytes, what: str) -> StackContents:
        """Return the contents in a root document; raises `FormatError` naming `what`, also for a newer format."""
        truth = decode(_Root, data, f"{what}/zarr.json").attributes.get(ATTRIBUTE)
        if truth is None:
            raise FormatError(f"{what} is a Zarr group but no training stack: the attribute {ATTRIBUTE!r} is missing")
        version = check_format(truth, FORMAT, FORMAT_VERSION, f"stack {what}")
        found = decode(_Truth, truth, f"stack {what}", "it was damaged: a part is missing or unknown")
        return StackContents(found.spec, found.subjects, version)


def _entry(subject: Subject) -> Document:
    drop = {} if subject.drop is None else {"drop": list(subject.drop)}
    return {"id": subject.id, "split": subject.split, "digests": dict(subject.digests)} | drop


class _Root(Struct):
    attributes: dict[str, Raw] = {}


class _Truth(Struct):
    spec: StackSpec
    subjects: tuple[Subject, ...]


def digest(image: NDArray[Any]) -> str:
    """Return the digest of an image as new stacks have it: XXH3 of 128 bits, in 32 hexadecimal digits.

    `image`: (channel, row, col), any dtype. Its shape and dtype as text, "(3, 128, 128) uint8", are digested, then its
    pixels in C order, little-endian.
    """
    return _digest(xxh3_128, image.shape, image.dtype, [image])


class _Hash(Protocol):
    def update(self, data: memoryview[int], /) -> None: ...

    def hexdigest(self) -> str: ...


def _digest(
    begin: Callable[[bytes], _Hash], shape: tuple[int, ...], dtype: np.dtype[Any], parts: Iterable[NDArray[Any]]
) -> str:
    found = begin(f"{tuple(shape)} {dtype.name}".encode())
    for part in parts:
        found.update(np.ascontiguousarray(part, dtype=dtype.newbyteorder("<")).data)
    return found.hexdigest()
