"""A version that is being trained: arrays filled chunk by chunk, notes and receipts of finished work, publication."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from storage.blobs.checksums import READERS, checksums_of, differing
from storage.blobs.disk import telling_disk_errors
from storage.blobs.documents import Document, check_format, decode, encode
from storage.blobs.interrupts import interrupts_afterwards
from storage.blobs.location import Location, open_location
from storage.blobs.names import check_name
from storage.blobs.notes import Notes
from storage.blobs.provenance import now
from storage.blobs.regions import Region, check_whole_chunks, resolve_region
from storage.datasets.claims import claimants, claimed
from storage.datasets.manifest import publish_manifest
from storage.datasets.spec import WeightsSpec, keys_of, same_document, skeleton, weight_arrays
from storage.errors import AlreadyExistsError, MismatchError, NotFoundError, StorageError

FORMAT = "fesdist-draft"
FORMAT_VERSION = 1


class WeightDraft:
    """Arrays below `<name>/data/<id>`, which no reader looks at before they are published.

    Many processes may write to one draft, each its own chunks. Pickled, a draft is no more than its address.
    """

    def __init__(self, uri: str, name: str, draft_id: str) -> None:
        self.name = check_name("model", name)
        self.id = check_name("draft", draft_id)
        self._location = open_location(uri)
        self._arrays: dict[tuple[str, str], zarr.Array[Any]] = {}
        self._claim: str | None = None

    def __reduce__(self) -> tuple[type[WeightDraft], tuple[str, str, str]]:
        return WeightDraft, (self.uri, self.name, self.id)

    @property
    def uri(self) -> str:
        """Return the address of the weight store."""
        return self._location.uri

    @property
    def group_uri(self) -> str:
        """Return the address of the Zarr group."""
        return f"{self.uri}/{self._data}"

    @cached_property
    def job(self) -> Document:
        """Return the job that the draft was created for; raises `NotFoundError` once the draft is published."""
        job: Document = read_job(self._location, self.name, self.id)["job"]
        return job

    @cached_property
    def created(self) -> str:
        """Return when the draft was created, ISO 8601, UTC; raises `NotFoundError` once it is published."""
        return str(read_job(self._location, self.name, self.id)["created"])

    def write(self, group: str, array: str, region: Region, values: NDArray[Any]) -> dict[str, str]:
        """Write a region of whole chunks durably and return the SHA-256 of each chunk, read back, by chunk key.

        `values` has the region's shape and the array's dtype. Raises `MismatchError` for another shape or dtype or a
        region with parts of chunks, `NotFoundError` for an unknown array, and `NoSpaceError` when the disk is full.
        """
        target = self._array(group, array)
        what = f"array {group}/{array} of draft {self.id}"
        region = resolve_region(region, target.shape, what)
        check_whole_chunks(region, target.shape, target.chunks, what)
        shape = tuple(part.stop - part.start for part in region)
        if values.shape != shape or values.dtype != target.dtype:
            raise MismatchError(
                f"{what}: values of shape {values.shape} {values.dtype} were given for a region of shape {shape};"
                f" expected that shape and {target.dtype}"
            )
        with interrupts_afterwards(), telling_disk_errors(self.uri):
            target[region] = values
        keys = keys_of(group, target, region)
        self._location.flush([f"{self._data}/{key}" for key in keys])
        return self._checksums(keys)

    def read(self, group: str, array: str, region: Region | None = None) -> NDArray[Any]:
        """Return a region, or all, of what was written so far, zeros elsewhere; raises as `write` does."""
        source = self._array(group, array)
        values = source[resolve_region(region, source.shape, f"array {group}/{array} of draft {self.id}")]
        return np.asarray(values)

    def check(self, checksums: dict[str, str]) -> list[str]:
        """Return the chunk keys whose chunks are missing or do not have the given SHA-256."""
        return differing(self._location, self._data, checksums)

    def put_receipt(self, key: str, receipt: Document) -> None:
        """Keep a note that some work is finished; it replaces an earlier one of this key."""
        self._location.write(self._receipt_key(key), encode(receipt, f"receipt {key}"))

    def receipt(self, key: str) -> Document | None:
        """Return the receipt of this key, or None."""
        try:
            return decode(self._location.read(self._receipt_key(key)), f"receipt {key}")
        except NotFoundError:
            return None

    def receipts(self) -> dict[str, Document]:
        """Return all receipts by key."""
        keys = receipt_keys(self._location, self.name, self.id)
        with ThreadPoolExecutor(READERS) as readers:
            found = zip(keys, readers.map(self.receipt, keys), strict=True)
        return {key: receipt for key, receipt in found if receipt is not None}

    @property
    def notes(self) -> Notes:
        """Return where work in progress keeps arrays until the draft is published."""
        return Notes(self.uri, f"{draft_folder(self.name, self.id)}/notes")

    def publish(self, fields: Document) -> int:
        """Make the draft the next version of its model and return its number.

        `fields` are the parts of a `Manifest` that this room does not know: code_version, model, colour, image_shape,
        channels, expressions, stack, metrics, job_digest, and checksums, which must name every chunk of every array.
        Two who publish the same draft get two numbers, and both manifests name the same data. Raises `MismatchError`.
        """
        own = self._own_documents()
        checksums = {**fields.get("checksums", {}), **self._checksums(own)}
        self._check_complete(checksums)
        self._location.flush([f"{self._data}/{key}" for key in own])
        number = publish_manifest(self._location, self.name, f"data/{self.id}", {**fields, "checksums": checksums})
        # The version is out; notes that cannot be removed do no harm, and another trainer may still need them.
        folder = draft_folder(self.name, self.id)
        with suppress(StorageError, OSError):
            if not claimants(self._location, folder, besides=self._claim):
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

    def _group(self) -> zarr.Group:
        try:
            return zarr.open_group(self._location.zarr_store(self._data, read_only=True), mode="r")
        except FileNotFoundError:
            raise NotFoundError(f"draft {self.id} of model {self.name!r} has no data in {self.uri}") from None

    def _array(self, group: str, array: str) -> zarr.Array[Any]:
        if (group, array) not in self._arrays:
            path = f"{check_name('expression', group)}/{check_name('array', array)}"
            try:
                opened = zarr.open_array(self._location.zarr_store(self._data, read_only=False), path=path, mode="r+")
            except FileNotFoundError:
                raise NotFoundError(f"draft {self.id} of model {self.name!r} has no array {path}") from None
            # A chunk of zeros must have a file too: a checksum, and no doubt whether it was written.
            self._arrays[group, array] = opened.with_config({"write_empty_chunks": True})
        return self._arrays[group, array]

    def _checksums(self, keys: list[str]) -> dict[str, str]:
        found = checksums_of(self._location, self._data, keys)
        missing = [key for key, checksum in found.items() if checksum is None]
        if missing:
            raise NotFoundError(f"{missing[0]} of draft {self.id} of model {self.name!r} is not in {self.uri}")
        return {key: checksum for key, checksum in found.items() if checksum is not None}

    def _own_documents(self) -> list[str]:
        """Return the keys of what `create` wrote: metadata, and the chunks of coordinates."""
        keys = ["zarr.json"]
        for name, group in self._group().groups():
            keys.append(f"{name}/zarr.json")
            for _, array in group.arrays():
                keys.append(f"{name}/{array.basename}/zarr.json")
                if array.ndim == 1:
                    keys.extend(keys_of(name, array))
        return keys

    def _check_complete(self, checksums: dict[str, str]) -> None:
        expected = {key for group, array in weight_arrays(self._group()) for key in keys_of(group, array)}
        missing = sorted(expected - checksums.keys())
        if missing:
            raise MismatchError(
                f"draft {self.id} of model {self.name!r} has {len(missing)} of {len(expected)} chunks without"
                f" a checksum, the first is {missing[0]}; finish the run first"
            )


def create_draft(location: Location, name: str, draft_id: str, spec: WeightsSpec, job: Document) -> WeightDraft:
    """Create a draft, or reopen one with the same arrays; two who create it at once share it.

    Raises `MismatchError` if a draft of this id has other arrays or attributes.
    """
    draft = WeightDraft(location.uri, name, draft_id)
    description = {"format": FORMAT, "format_version": FORMAT_VERSION, "created": now(), "job": job}
    _create(location, job_key(name, draft_id), encode(description, f"job of draft {draft_id}"))
    for key, document in skeleton(spec).items():
        stored = _create(location, f"{data_folder(name, draft_id)}/{key}", document)
        if not same_document(key, stored, document):
            raise MismatchError(
                f"draft {draft_id} of model {name!r} exists in {location.uri} with another {key}; remove it with"
                " `clean`, or use another id"
            )
    return draft


def read_job(location: Location, name: str, draft_id: str) -> Document:
    """Return the document that describes a draft: "created" and "job"; raises `NotFoundError` and `FormatError`."""
    what = f"draft {draft_id} of model {name!r} in {location.uri}"
    document = decode(location.read(job_key(name, draft_id)), what)
    check_format(document, FORMAT, FORMAT_VERSION, what)
    return document


def receipt_keys(location: Location, name: str, draft_id: str) -> list[str]:
    """Return the keys of all receipts of a draft, sorted."""
    return [file.removesuffix(".json") for file in location.list(f"{draft_folder(name, draft_id)}/receipts")]


def draft_folder(name: str, draft_id: str) -> str:
    """Return the key of a draft's job and receipts."""
    return f"{name}/drafts/{draft_id}"


def data_folder(name: str, draft_id: str) -> str:
    """Return the key of a draft's Zarr group, which a version keeps."""
    return f"{name}/data/{draft_id}"


def job_key(name: str, draft_id: str) -> str:
    """Return the key of the document that describes a draft."""
    return f"{draft_folder(name, draft_id)}/job.json"


def _create(location: Location, key: str, document: bytes) -> bytes:
    """Create a document unless it exists, and return what is stored."""
    try:
        location.create(key, document)
    except AlreadyExistsError:
        return location.read(key)
    return document
