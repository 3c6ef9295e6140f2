"""A version that is being filled: arrays chunk by chunk, notes and receipts of finished work, publication."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from storage.blobs.checksums import checksums_of, differing
from storage.blobs.chunks import ChunkedArray, WholeChunk, write_chunks
from storage.blobs.documents import Document, check_format, decode, encode
from storage.blobs.guard import GuardedStore
from storage.blobs.interrupts import interrupts_afterwards
from storage.blobs.limits import LARGEST_DOCUMENT
from storage.blobs.location import Location, open_location
from storage.blobs.metadata import ArrayFacts
from storage.blobs.names import check_name
from storage.blobs.notes import Notes
from storage.blobs.provenance import now, seconds_since
from storage.blobs.regions import Region, check_whole_chunks, resolve_region
from storage.blobs.threads import each
from storage.datasets.claims import claimants, claimed, ending
from storage.datasets.keys import data_folder, draft_folder, job_key, receipt_keys
from storage.datasets.manifest import Facts, publish_manifest
from storage.datasets.spec import DatasetSpec, is_metadata, same_document, skeleton
from storage.errors import AlreadyExistsError, FormatError, MismatchError, NotFoundError, StorageError

FORMAT = "fesdist-draft"
FORMAT_VERSION = 1

T = TypeVar("T")


class Written(NamedTuple):
    """What belongs into an array: a region of whole chunks, and its values."""

    group: str
    array: str
    region: Region
    values: NDArray[Any]


@dataclass(frozen=True)
class DraftJob:
    """What a draft was created for."""

    created: str
    """ISO 8601, UTC."""
    job: Document
    format: str = FORMAT
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        seconds_since(self.created)  # or else it is no time


class WeightDraft:
    """Arrays below `<name>/data/<id>`, which no reader looks at before they are published.

    Many processes may write to one draft, each its own chunks. Pickled, a draft is no more than its address.
    """

    def __init__(self, uri: str, name: str, draft_id: str) -> None:
        self.name = check_name("model", name)
        self.id = check_name("draft", draft_id)
        self._location = open_location(uri)
        self._arrays: dict[str, ChunkedArray] = {}
        """By path below the data: "smiling/weights"."""
        self._documents: tuple[str, ...] = ()
        """Keys of what `create` wrote: metadata, and the chunks of coordinates."""
        self._claim: str | None = None

    def __reduce__(self) -> tuple[type[WeightDraft], tuple[str, str, str]]:
        return WeightDraft, (self.uri, self.name, self.id)

    @property
    def uri(self) -> str:
        """Return the address of the store."""
        return self._location.uri

    def create(self, spec: DatasetSpec, job: Document) -> None:
        """Create the draft, or reopen one with the same arrays; two who create it at once share it.

        Whoever is to work on it claims it before, so that nobody removes it meanwhile. Raises `MismatchError` if a
        draft of this id has other arrays or attributes.
        """
        description = encode(DraftJob(now(), job), f"job of draft {self.id}")
        described = _create(self._location, job_key(self.name, self.id), description)
        self._described = _decoded_job(self._location, self.name, self.id, described)
        documents = skeleton(spec)
        places = [(f"{self._data}/{key}", document) for key, document in documents.items()]
        found = each(lambda place: _create(self._location, *place), places, self._location.at_once)
        store = self._guarded()
        for (key, document), stored in zip(documents.items(), found, strict=True):
            if not same_document(key, stored, document):
                raise MismatchError(
                    f"draft {self.id} of model {self.name!r} exists in {self.uri} with another {key}; remove it with"
                    " `clean`, or use another id"
                )
            if is_metadata(key) and (facts := store.admit(key, stored)):
                self._arrays[facts.key] = ChunkedArray(store, facts)
        self._documents = tuple(documents)

    def check_exists(self) -> None:
        """Raise `NotFoundError` where nobody has created it, or it is published, and `FormatError`."""
        _ = self._described

    @property
    def job(self) -> Document:
        """Return the job that the draft was created for; raises `NotFoundError` once the draft is published."""
        return self._described.job

    @property
    def created(self) -> str:
        """Return when the draft was created, ISO 8601, UTC; raises `NotFoundError` once it is published."""
        return self._described.created

    def write(self, group: str, array: str, region: Region, values: NDArray[Any]) -> dict[str, str]:
        """Write a region of whole chunks durably and return the checksum of each chunk by its key.

        `values` has the region's shape and the array's dtype; float64 is rounded where the array is float32. Raises
        `MismatchError` for another shape or dtype or a region with parts of chunks, `NotFoundError` for an unknown
        array, and `NoSpaceError` when the disk is full.
        """
        return self.write_all([Written(group, array, region, values)])

    def write_all(self, parts: Iterable[Written]) -> dict[str, str]:
        """Write regions of several arrays as `write` does, and wait for the disk once."""
        parts = tuple(parts)
        # Many at once, where they are not known yet.
        each(lambda place: self._array(*place), list({part[:2] for part in parts}), self._location.at_once)
        chunks: list[WholeChunk] = []
        for group, array, region, values in parts:
            target = self._array(group, array)
            what = f"array {group}/{array} of draft {self.id}"
            region = resolve_region(region, target.shape, what)
            check_whole_chunks(region, target.shape, target.chunks, what)
            shape = tuple(part.stop - part.start for part in region)
            rounded = values.dtype == np.float64 and target.dtype == np.float32
            if values.shape != shape or not (rounded or values.dtype == target.dtype):
                raise MismatchError(
                    f"{what}: values of shape {values.shape} {values.dtype} were given for a region of shape {shape};"
                    f" expected that shape and {target.dtype}"
                )
            chunks += target.whole_chunks(region, values)
        with interrupts_afterwards():
            checksums = write_chunks(self._location, self._data, chunks)
        self._location.flush([f"{self._data}/{key}" for key in checksums])
        return checksums

    def read(self, group: str, array: str, region: Region | None = None) -> NDArray[Any]:
        """Return a region, or all, of what was written so far, zeros elsewhere; raises as `write` does."""
        source = self._array(group, array)
        return source.read(resolve_region(region, source.shape, f"array {group}/{array} of draft {self.id}"))

    def check(self, checksums: dict[str, str]) -> list[str]:
        """Return the chunk keys whose chunks are missing or do not have the given checksum."""
        return differing(self._location, self._data, checksums)

    def put_receipt(self, key: str, receipt: Any) -> None:
        """Keep a dataclass or dict that says that some work is finished; it replaces an earlier one of this key."""
        self._location.write(self._receipt_key(key), encode(receipt, f"receipt {key}"))

    def receipt(self, key: str, kind: type[T]) -> T | None:
        """Return the receipt of this key as a `kind`, a dataclass or `Document`; None where it is not, or damaged."""
        try:
            return decode(kind, self._location.read(self._receipt_key(key), LARGEST_DOCUMENT), f"receipt {key}")
        except (NotFoundError, FormatError):
            return None

    def receipt_keys(self) -> list[str]:
        """Return the keys of all receipts, sorted."""
        return receipt_keys(self._location, self.name, self.id)

    @property
    def notes(self) -> Notes:
        """Return where work in progress keeps arrays until the draft is published."""
        return Notes(self.uri, f"{draft_folder(self.name, self.id)}/notes")

    def publish(self, facts: Facts, checksums: Mapping[str, str]) -> int:
        """Make the draft, which was created here, the next version of its model and return its number.

        `checksums` must name every chunk of every array, as `write` returned them. Two who publish the same draft get
        two numbers, and both manifests name the same data. Raises `MismatchError`.
        """
        complete = {**checksums, **self._checksums_of_documents()}
        self._check_complete(checksums)
        self._location.flush([f"{self._data}/{key}" for key in self._documents])
        number = publish_manifest(self._location, self.name, f"data/{self.id}", facts, complete)
        # The version is out; notes that cannot be removed do no harm, and another trainer may still need them.
        folder = draft_folder(self.name, self.id)
        with suppress(StorageError, OSError):
            if not claimants(self._location, folder, besides=self._claim):
                self._location.tidy(self._data)
                with ending(self._claim):
                    self._location.delete(folder)
        return number

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Have `WeightStore.clean`, and others who publish the draft, leave it alone for as long as the block runs."""
        with claimed(self._location, draft_folder(self.name, self.id)) as self._claim:
            yield

    @property
    def _data(self) -> str:
        return data_folder(self.name, self.id)

    def _receipt_key(self, key: str) -> str:
        return f"{draft_folder(self.name, self.id)}/receipts/{check_name('receipt', key)}.json"

    @cached_property
    def _described(self) -> DraftJob:
        """Return the document that describes the draft, read once."""
        return read_job(self._location, self.name, self.id)

    def _guarded(self) -> GuardedStore:
        what = f"draft {self.id} of model {self.name!r} in {self.uri}"
        return GuardedStore(self._location, self._data, what, _fault)

    def _array(self, group: str, array: str) -> ChunkedArray:
        path = f"{check_name('expression', group)}/{check_name('array', array)}"
        if path not in self._arrays:
            store = self._guarded()
            facts = store.facts(path)
            if facts is None:
                raise NotFoundError(f"draft {self.id} of model {self.name!r} has no array {path}")
            self._arrays[path] = ChunkedArray(store, facts)
        return self._arrays[path]

    def _checksums_of_documents(self) -> dict[str, str]:
        if not self._documents:
            raise MismatchError(
                f"draft {self.id} of model {self.name!r} was not created here; call `create`, which reopens it, before"
                " `publish`"
            )
        found = checksums_of(self._location, self._data, self._documents)
        missing = [key for key, checksum in found.items() if checksum is None]
        if missing:
            raise NotFoundError(f"{missing[0]} of draft {self.id} of model {self.name!r} is not in {self.uri}")
        return {key: checksum for key, checksum in found.items() if checksum is not None}

    def _check_complete(self, checksums: Mapping[str, str]) -> None:
        expected = {key for array in self._arrays.values() for key in array.all_keys()}.difference(self._documents)
        missing = sorted(expected - checksums.keys())
        if missing:
            raise MismatchError(
                f"draft {self.id} of model {self.name!r} has {len(missing)} of {len(expected)} chunks without"
                f" a checksum, the first is {missing[0]}; finish the run first"
            )


def read_job(location: Location, name: str, draft_id: str) -> DraftJob:
    """Return what a draft was created for; raises `NotFoundError` and `FormatError`."""
    return _decoded_job(location, name, draft_id, location.read(job_key(name, draft_id), LARGEST_DOCUMENT))


def _decoded_job(location: Location, name: str, draft_id: str, data: bytes) -> DraftJob:
    what = f"draft {draft_id} of model {name!r} in {location.uri}"
    check_format(data, FORMAT, FORMAT_VERSION, what)
    return decode(DraftJob, data, what)


def _fault(facts: ArrayFacts) -> str:
    return "it is packed with Blosc; expected plain values" if facts.packed else ""


def _create(location: Location, key: str, document: bytes) -> bytes:
    """Create a document unless it exists, and return what is stored."""
    try:
        location.create(key, document)
    except AlreadyExistsError:
        return location.read(key, LARGEST_DOCUMENT)
    return document
