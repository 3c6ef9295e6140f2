"""Reading a training stack: which samples there are, and their pixels in a region."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from storage.blobs.checksums import checksum
from storage.blobs.chunks import ChunkedArray
from storage.blobs.guard import GuardedStore
from storage.blobs.kept import KeptChunks
from storage.blobs.location import Location
from storage.blobs.regions import chunk_keys, resolve_region
from storage.errors import FormatError, MismatchError, NotFoundError
from storage.stack.format import StackContents, StackSpec, Subject
from storage.stack.labelled import labelled
from storage.stack.place import array_rule, read_root, stack_location

if TYPE_CHECKING:
    import xarray

__all__ = ["StackSpec", "Subject", "TrainingStack"]


class TrainingStack:
    """A stack as it was when it was opened; images appended later need another `open`.

    It lies at `location`, and `root` is the checksum of the document that it was opened by.
    """

    def __init__(self, location: Location, contents: StackContents, root: str, kept: KeptChunks | None = None) -> None:
        self.location = location
        self.root = root
        self._contents = contents
        self._kept = kept
        self._arrays: dict[str, ChunkedArray] = {}

    @staticmethod
    def open(path: str | Path) -> TrainingStack:
        """Open a stack in a folder or at s3://bucket/prefix for reading.

        Raises `NotFoundError`, and `FormatError` for damaged or newer stacks.
        """
        location = stack_location(path)
        root = read_root(location)
        return TrainingStack(location, StackContents.decoded(root, location.uri), checksum(root))

    def keeping(self, n_bytes: int) -> TrainingStack:
        """Return this stack for reading the same places again and again.

        Chunks are unpacked whole, and up to `n_bytes` of them kept as long as what is returned is.
        """
        return TrainingStack(self.location, self._contents, self.root, KeptChunks(n_bytes))

    @property
    def path(self) -> str:
        """Return the absolute path of the stack, or its address."""
        return self.location.uri

    @property
    def chunks_at_once(self) -> int:
        """Return how many chunks may be on their way while a region is read."""
        return self.location.at_once

    @property
    def spec(self) -> StackSpec:
        """Return what all images have in common."""
        return self._contents.spec

    @property
    def image_shape(self) -> tuple[int, int]:
        """Return (rows, cols)."""
        return self.spec.height, self.spec.width

    @property
    def channels(self) -> int:
        """Return the number of channels, 1 or 3."""
        return self.spec.channels

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the type of the pixels: uint8 in 0..255, or float64 in [0, 1]."""
        return np.dtype(self.spec.dtype)

    @property
    def expressions(self) -> tuple[str, ...]:
        """Return all expressions, the input expression first, the others sorted."""
        return self._contents.expressions

    @property
    def targets(self) -> tuple[str, ...]:
        """Return all expressions but the input expression, sorted."""
        return self.expressions[1:]

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Return whose each sample is, in the order of the indices; places of deleted people are nobody's."""
        return self._contents.subjects

    @property
    def people(self) -> tuple[Subject, ...]:
        """Return the people of the stack, without the places that are nobody's."""
        return tuple(subject for subject in self.subjects if not subject.is_nobody)

    @property
    def n_samples(self) -> int:
        """Return the length of the sample dimension: people who lack some expression count, and so do deleted ones."""
        return len(self.subjects)

    def samples(
        self,
        expression: str,
        split: Literal["train", "holdout", "all"] = "train",
        *,
        input_expression: str | None = None,
    ) -> NDArray[np.int64]:
        """Return the ascending indices of people who have both the input and `expression`; (sample,) int64.

        `input_expression` is the stack's own when None. People whose side was not decided yet are in "all" only.
        Raises `NotFoundError` for an unknown expression, `MismatchError` for an unknown split.
        """
        before = self.spec.input_expression if input_expression is None else input_expression
        self._check_expression(before)
        self._check_expression(expression)
        if split not in ("train", "holdout", "all"):
            raise MismatchError(f'split {split!r} was asked for; expected "train", "holdout" or "all"')
        found = [
            index
            for index, subject in enumerate(self.subjects)
            if {before, expression} <= subject.digests.keys() and (split == "all" or subject.split == split)
        ]
        return np.array(found, dtype=np.int64)

    def read(
        self, expression: str, samples: Sequence[int] | NDArray[np.integer[Any]], rows: slice, cols: slice
    ) -> NDArray[Any]:
        """Return the pixels of a region, (sample, channel, row, col), dtype of the stack.

        `samples` are ascending indices. Raises `MismatchError` for indices or slices out of range and for people
        without `expression`, `NotFoundError` for the expression, and `FormatError` for whole images that do not have
        their digests; of parts of images that cannot be known, so whoever reads those calls `check` before.
        """
        values = self._read(expression, samples, rows, cols)
        if values.shape[1:] == self.spec.image_shape:
            self._refuse([fault for fault in self._differing(expression, samples, values) if fault])
        return values

    def check(self, expression: str, sample: int) -> None:
        """Raise `FormatError` if an image does not have its digest; reads little at a time, once for each channel."""
        parts = (band[0, n] for n in range(self.channels) for band in self.bands(expression, [sample]))
        if self._contents.digest_of_parts(parts) != self.subjects[sample].digests[expression]:
            self._refuse([self._changed(expression, sample)])

    def _read(
        self, expression: str, samples: Sequence[int] | NDArray[np.integer[Any]], rows: slice, cols: slice
    ) -> NDArray[Any]:
        self._check_expression(expression)
        indices = np.asarray(samples, dtype=np.int64)
        self._check_samples(expression, indices)
        rows, cols = resolve_region((rows, cols), self.image_shape, f"region of {expression!r} in {self.path}")
        if not len(indices):
            return np.empty((0, self.channels, rows.stop - rows.start, cols.stop - cols.start), dtype=self.dtype)
        return self._array(expression).read_at(indices, (slice(0, self.channels), rows, cols), self._damaged)

    def bands(self, expression: str, samples: Sequence[int] | NDArray[np.integer[Any]]) -> Iterator[NDArray[Any]]:
        """Yield the rows of whole images from top to bottom, a row of chunks at a time, so that none is unpacked twice.

        Each is (sample, channel, row, col) as `read` returns it; raises as `read` does.
        """
        height, width = self.image_shape
        band = self.spec.chunks()[2]
        for row in range(0, height, band):
            yield self.read(expression, samples, slice(row, min(row + band, height)), slice(0, width))

    def blocks(self, samples: Sequence[int] | NDArray[np.int64], at_most: int) -> Iterator[NDArray[np.int64]]:
        """Yield ascending `samples` in blocks of `at_most`, each within one chunk, so that none is decoded twice."""
        indices = np.asarray(samples, dtype=np.int64)
        of_chunk = indices // self.spec.chunks()[0]
        for part in np.split(indices, np.flatnonzero(np.diff(of_chunk)) + 1):
            for start in range(0, len(part), at_most):
                yield part[start : start + at_most]

    def verify(self, on_image: Callable[[str, str], None] | None = None) -> list[str]:
        """Return what is wrong with each image that does not have its digest, "smiling of ann: ..."; reads everything.

        `on_image` is told the expression and the subject's id after each.
        """
        faults = []
        for expression in self.expressions:
            stored = [index for index, subject in enumerate(self.subjects) if expression in subject.digests]
            for block in self.blocks(np.array(stored, dtype=np.int64), self.spec.chunks()[0]):
                for index, fault in zip(block, self._faults(expression, block), strict=True):
                    faults += [fault] if fault else []
                    if on_image is not None:
                        on_image(expression, self.subjects[int(index)].id)
        return faults

    def _faults(self, expression: str, block: NDArray[np.int64]) -> list[str]:
        """Return for each sample of a block, within one chunk, what is wrong with its image, or ""."""
        try:
            images = self._read(expression, block, slice(0, self.spec.height), slice(0, self.spec.width))
        except FormatError as error:
            return [f"{expression} of {self.subjects[int(index)].id}: {error}" for index in block]
        return self._differing(expression, block, images)

    def _differing(
        self, expression: str, samples: Sequence[int] | NDArray[np.integer[Any]], images: NDArray[Any]
    ) -> list[str]:
        """Return what to say of each whole image that does not have its digest, "" of the others."""
        people = [self.subjects[int(index)] for index in samples]
        return [
            "" if self._contents.digest(image) == person.digests[expression] else self._changed(expression, int(index))
            for index, image, person in zip(samples, images, people, strict=True)
        ]

    def _changed(self, expression: str, index: int) -> str:
        where = self._chunks_of(expression, index)
        return f"{expression} of {self.subjects[index].id}: its pixels, in {where}, were changed"

    def _refuse(self, wrong: list[str]) -> None:
        if wrong:
            raise FormatError(
                f"{self.path} has images that are not as they were stored, the first is {wrong[0]}; restore "
                "the stack from a copy, or those images with `fesdist replace`: `fesdist verify` names them all"
            )

    def _chunks_of(self, expression: str, index: int) -> str:
        """Return the files that hold an image, as people would say them."""
        whole = (slice(index, index + 1), *resolve_region(None, self.spec.image_shape, expression))
        first, *others = chunk_keys(whole, self._array(expression).chunks)
        return f"{expression}/{first}" + (f" or the {len(others)} chunks after it" if others else "")

    def fingerprint(self, expressions: Sequence[str], samples: Sequence[int] | NDArray[np.integer[Any]]) -> str:
        """Return a SHA-256, in hexadecimal, that tells exactly which images a model would learn from.

        `expressions` are the input, then the targets. It covers the specification and, for each sample in the order
        given, the subject's id and the digests of `expressions`, null where an image is missing. Raises
        `NotFoundError` and `MismatchError`.
        """
        names = tuple(expressions)
        for expression in names:
            self._check_expression(expression)
        self._check_range(np.asarray(samples, dtype=np.int64))
        return self._contents.fingerprint(names, samples)

    def to_xarray(self) -> xarray.Dataset:
        """Return a dataset that is read when it is used: one array (sample, channel, row, col) for each expression.

        `sample` has the coordinates `subject` (id) and `holdout` (bool).
        """
        return labelled(self.location, self._contents, self._guarded)

    def _array(self, expression: str) -> ChunkedArray:
        if expression not in self._arrays:
            store = self._guarded(expression)
            facts = store.facts(expression)
            if facts is None:
                raise FormatError(f"array {expression!r} of {self.path} is missing: the stack was damaged")
            self._arrays[expression] = ChunkedArray(store, facts, self._kept)
        return self._arrays[expression]

    def _guarded(self, expression: str) -> GuardedStore:
        rule = array_rule(self.spec, self.n_samples)
        return GuardedStore(self.location, "", f"stack {self.path}", rule, only=expression)

    def _damaged(self, key: str, error: RuntimeError | None) -> FormatError:
        if error is None:  # which Zarr would read as zeros
            return FormatError(
                f"chunk {key} of {self.path} is missing: the stack was damaged; restore that file from a copy, or "
                "ingest the photographs into a new stack"
            )
        return FormatError(
            f"chunk {key} of {self.path} cannot be unpacked ({error}): the stack was damaged; restore that file from a"
            " copy"
        )

    def _check_expression(self, expression: str) -> None:
        if expression not in self.expressions:
            raise NotFoundError(f"{self.path} has no expression {expression!r}; it has {', '.join(self.expressions)}")

    def _check_range(self, indices: NDArray[np.int64]) -> None:
        if indices.ndim != 1 or (indices.size and not (indices.min() >= 0 and indices.max() < self.n_samples)):
            raise MismatchError(
                f"samples {indices} were asked for; {self.path} has the samples 0 to {self.n_samples - 1}"
            )

    def _check_samples(self, expression: str, indices: NDArray[np.int64]) -> None:
        self._check_range(indices)
        if np.any(np.diff(indices) <= 0):
            raise MismatchError(f"samples {indices} were asked for; expected ascending indices, each once")
        lacking = [self.subjects[i].id for i in indices if expression not in self.subjects[i].digests]
        if lacking:
            raise MismatchError(
                f"{len(lacking)} of the samples asked for have no {expression!r} in {self.path}, the first is subject"
                f" {lacking[0]!r}; ask samples({expression!r}) which ones do"
            )
