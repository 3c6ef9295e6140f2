"""Manifests: the small documents that make versions visible, written last and never overwritten but by a tombstone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct, json

from storage.blobs.checksums import is_sha256, sha256
from storage.blobs.creation import NUMBERS_TRIED, created, mark, numbers_in, too_many
from storage.blobs.documents import check_format, convert, decode, encode
from storage.blobs.limits import LARGEST_DOCUMENT
from storage.blobs.location import Location
from storage.blobs.names import check_name
from storage.blobs.provenance import now, who
from storage.blobs.threads import each
from storage.errors import BadNameError, FormatError, NotFoundError, StorageError

FORMAT = "fesdist-weights"
FORMAT_VERSION = 4
"""The newest that is read, and that new versions have; see `_format_version` for others."""

T = TypeVar("T")

DELETED = ".deleted.json"
"""End of the names of tombstones; a number that has one is free for nobody, and no version."""


@dataclass(frozen=True)
class ModelFacts:
    """Which model was trained."""

    name: str
    parameters: Mapping[str, Any]
    described: str = field(default="", compare=False)
    """The same in a few words, for lists of versions; older manifests lack it."""


@dataclass(frozen=True)
class StackFacts:
    """What it was trained on."""

    path: str
    fingerprint: str
    subjects: dict[str, tuple[str, ...]]
    """For each expression the ids that were trained on."""


@dataclass(frozen=True)
class Facts:
    """What whoever made the version says of it."""

    code_version: str
    model: ModelFacts
    colour: str
    image_shape: tuple[int, int]
    """(rows, cols)"""
    channels: int
    expressions: tuple[str, ...]
    stack: StackFacts
    metrics: Mapping[str, Any]
    """Plain JSON; what it says is known to whoever measured it."""
    job_digest: str
    tuning: Mapping[str, Any] | None = field(default=None, kw_only=True)
    """How the hyper-parameters were chosen, if they were tuned, as plain JSON; manifests may lack it."""
    choice: Mapping[str, Any] | None = field(default=None, kw_only=True)
    """What the run chose by itself, and from what, as plain JSON; manifests may lack it."""
    shape: Mapping[str, Any] | None = field(default=None, kw_only=True)
    """What the run learned of the shape of each expression, as plain JSON; null without, and manifests may lack it."""
    imported: Mapping[str, Any] | None = field(default=None, kw_only=True)
    """From which files a version was made that nobody trained here, as plain JSON; manifests may lack it."""
    likeness: Mapping[str, Any] | None = field(default=None, kw_only=True)
    """How far photographs may be from those that taught each expression, as plain JSON; manifests may lack it."""
    exposure: Mapping[str, Any] | None = field(default=None, kw_only=True)
    """How bright the photographs were that taught it, as plain JSON; manifests may lack it."""
    notices: tuple[Mapping[str, Any], ...] = field(default=(), kw_only=True)
    """What is doubtful of the version, as plain JSON; manifests may lack it."""


@dataclass(frozen=True)
class Manifest(Facts):
    """All there is to know of a version without reading its arrays; see docs/formats/weights.md."""

    name: str
    version: int
    data: str
    """Key of the Zarr group below the model's folder: "data/<draft id>"."""
    created: str
    created_by: str
    mark: str = ""
    """Tells this publication from all others; manifests of format version 1 lack it."""
    checksums_digest: str = ""
    """SHA-256 of the document with the checksums, and its name; "" in format version 1, whose manifests hold them."""

    def __post_init__(self) -> None:
        for expression in self.expressions:
            check_name("expression", expression)
        _check_data(self.data)
        if self.checksums_digest:
            check_name("checksums", self.checksums_digest)

    @property
    def reference(self) -> str:
        """Return "name@version"."""
        return f"{self.name}@{self.version}"

    def measured(self, kind: type[T]) -> T:
        """Return the metrics as a `kind`, the dataclass of whoever measured; raises `FormatError`."""
        return convert(kind, self.metrics, f"metrics of {self.reference}")

    @property
    def draft(self) -> str:
        """Return the id of the draft that the version was."""
        return self.data.removeprefix("data/")


@dataclass(frozen=True)
class Tombstone:
    """What is left of a version that was deleted, so that its number and its draft's id are never used again."""

    name: str
    version: int
    data: str
    checksums_digest: str
    deleted: str
    """ISO 8601, UTC."""
    deleted_by: str
    note: str = ""
    format: str = "fesdist-tombstone"
    format_version: int = 1

    def __post_init__(self) -> None:
        _check_data(self.data)


class _Inline(Struct):
    """The checksums that a manifest of format version 1 holds; its other readers pass them over."""

    checksums: dict[str, str] = {}


class TakenNumbers(NamedTuple):
    """The numbers of a model's versions that are taken, ascending."""

    published: list[int]
    deleted: list[int]


def taken_numbers(location: Location, name: str) -> TakenNumbers:
    """Return the numbers of all versions of a model, published and deleted, from one listing."""
    files = location.list(f"{name}/versions")
    deleted = numbers_in(files, DELETED)
    return TakenNumbers(sorted(set(numbers_in(files)).difference(deleted)), deleted)


def version_numbers(location: Location, name: str) -> list[int]:
    """Return the numbers of all published versions of a model, ascending; those that were deleted left out."""
    return taken_numbers(location, name).published


def deleted_numbers(location: Location, name: str) -> list[int]:
    """Return the numbers of all deleted versions of a model, ascending."""
    return taken_numbers(location, name).deleted


def read_manifest(location: Location, name: str, number: int) -> Manifest:
    """Return the manifest of a version; raises `NotFoundError` and `FormatError`."""
    what = f"version {name}@{number} in {location.uri}"
    data = location.read(manifest_key(name, number), LARGEST_DOCUMENT)
    check_format(data, FORMAT, FORMAT_VERSION, what)
    manifest = decode(Manifest, data, what, "a part is missing or damaged")
    if (manifest.name, manifest.version) != (name, number):
        raise FormatError(f"{what} is the manifest of {manifest.reference}: it was put in another's place")
    return manifest


def read_manifests(location: Location, name: str) -> dict[int, Manifest | StorageError]:
    """Return the manifest of each version, ascending, or what is wrong with it; many are read at once."""

    def read(number: int) -> Manifest | StorageError:
        try:
            return read_manifest(location, name, number)
        except StorageError as error:
            return error

    numbers = version_numbers(location, name)
    return dict(zip(numbers, each(read, numbers, location.at_once), strict=True))


def read_checksums(location: Location, manifest: Manifest) -> dict[str, str]:
    """Return the checksum of every document of a version, by its key below the data.

    Raises `FormatError` where they are missing, empty or changed: nothing is read of a version without them.
    """
    what = f"checksums of version {manifest.reference} in {location.uri}"
    if manifest.checksums_digest:
        try:
            data = location.read(checksums_key(manifest.name, manifest.checksums_digest), LARGEST_DOCUMENT)
        except NotFoundError as error:
            raise FormatError(f"the {what} are missing ({error}); restore that file from a copy") from None
        if sha256(data) != manifest.checksums_digest:
            raise FormatError(f"the {what} do not match the manifest; restore that file from a copy")
        checksums = decode(dict[str, str], data, what)
    else:
        data = location.read(manifest_key(manifest.name, manifest.version), LARGEST_DOCUMENT)
        checksums = decode(_Inline, data, what).checksums
    if not checksums:
        raise FormatError(f"the {what} are missing; expected one for every chunk, as nothing is read unchecked")
    return checksums


def digest_of_checksums(location: Location, manifest: Manifest) -> str:
    """Return what tells a version's checksums from others, `checksums_digest`, also where its manifest lacks that.

    Raises `FormatError` as `read_checksums`.
    """
    return manifest.checksums_digest or sha256(_listed(read_checksums(location, manifest)))


def publish_manifest(location: Location, name: str, data: str, facts: Facts, checksums: dict[str, str]) -> int:
    """Write the checksums, then a manifest under the next free number, and return that number.

    Of publishers who try the same number at once one gets it; the others try the next. A manifest that the store kept
    although its answer was lost is known by its mark, and makes no second version. Raises `MismatchError` for facts
    that JSON cannot hold.
    """
    listed = _listed(checksums)
    digest = sha256(listed)
    key, own = checksums_key(name, digest), mark()
    if not created(location, key, listed):
        raise StorageError(f"{location.uri}/{key} holds something else: remove that file, then run the command again")
    facts_given = {part.name: getattr(facts, part.name) for part in fields(facts)}
    for _ in range(NUMBERS_TRIED):
        taken = taken_numbers(location, name)
        number = max((*taken.published, *taken.deleted), default=0) + 1
        manifest = Manifest(
            **facts_given,
            name=name,
            version=number,
            data=data,
            created=now(),
            created_by=who(),
            mark=own,
            checksums_digest=digest,
        )
        document = {"format": FORMAT, "format_version": _format_version(facts, checksums)}
        document |= {part.name: getattr(manifest, part.name) for part in fields(manifest)}
        if created(location, manifest_key(name, number), encode(document, f"manifest of {manifest.reference}")):
            # Whoever deletes a version with the same checksums may have seen no other that has them.
            if not location.exists(key):
                location.write(key, listed)
            return number
    raise too_many(f"the publication of {name!r}")


def _format_version(facts: Facts, checksums: Mapping[str, str]) -> int:
    """Return the first version of the format whose readers have all they need for a version of these facts."""
    if not all(map(is_sha256, checksums.values())):
        return FORMAT_VERSION
    # A version that an older release made and somebody copies. Who knows of no shapes, as those who read 2, would put
    # the change where the face has not moved to.
    return 3 if facts.shape else 2


def _listed(checksums: Mapping[str, str]) -> bytes:
    return json.encode(checksums, order="sorted")


def manifest_key(name: str, number: int) -> str:
    """Return the key of a manifest."""
    return f"{name}/versions/{number}.json"


def tombstone_key(name: str, number: int) -> str:
    """Return the key of the document that says that a version was deleted."""
    return f"{name}/versions/{number}{DELETED}"


def checksums_key(name: str, digest: str) -> str:
    """Return the key of the document with the checksums of a version; equal ones are one document."""
    return f"{name}/checksums/{check_name('checksums', digest)}.json"


def _check_data(data: str) -> None:
    folder, _, draft = data.partition("/")
    if folder != "data":
        raise BadNameError(f"the data of a version are at {data!r}; expected data/<draft id>")
    check_name("draft", draft)
