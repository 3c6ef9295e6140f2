"""Manifests: the small documents that make versions visible, written last and never overwritten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass
from typing import Any

from storage.blobs.documents import Document, check_format, decode, encode
from storage.blobs.location import Location
from storage.blobs.provenance import now, who
from storage.errors import AlreadyExistsError, FormatError, MismatchError, NotFoundError

FORMAT = "fesdist-weights"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Manifest:
    """All there is to know of a version without reading its weights; see docs/weights-format.md."""

    name: str
    version: int
    data: str
    """Key of the Zarr group below the model's folder: "data/<draft id>"."""
    created: str
    created_by: str
    code_version: str
    model: dict[str, Any]
    """"name" and "parameters"."""
    colour: str
    image_shape: tuple[int, int]
    """(rows, cols)"""
    channels: int
    expressions: tuple[str, ...]
    stack: dict[str, Any]
    """"path", "fingerprint", and "subjects": for each expression the ids that were trained on."""
    metrics: dict[str, Any]
    job_digest: str
    checksums: dict[str, str]
    """SHA-256 in hexadecimal of every document below `data`, by its key there."""
    tuning: dict[str, Any] | None = None
    """How the hyper-parameters were chosen, if they were tuned; manifests may lack it."""

    @property
    def reference(self) -> str:
        """Return "name@version"."""
        return f"{self.name}@{self.version}"

    def encoded(self) -> bytes:
        """Return the manifest as JSON; raises `MismatchError` if it holds what JSON cannot."""
        document = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(self)}
        return encode(document, f"manifest of {self.reference}")

    @staticmethod
    def decoded(data: bytes, what: str) -> Manifest:
        """Return the manifest in a document; raises `FormatError` naming `what`, also for a newer format."""
        document = decode(data, what)
        check_format(document, FORMAT, FORMAT_VERSION, what)
        fields = {key: value for key, value in document.items() if key not in ("format", "format_version")}
        return _from_fields(fields, FormatError, what)


def version_numbers(location: Location, name: str) -> list[int]:
    """Return the numbers of all published versions of a model, ascending."""
    stems = (file.removesuffix(".json") for file in location.list(f"{name}/versions") if file.endswith(".json"))
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def read_manifest(location: Location, name: str, number: int) -> Manifest:
    """Return the manifest of a version; raises `NotFoundError` and `FormatError`."""
    data = location.read(_key(name, number))
    return Manifest.decoded(data, f"version {name}@{number} in {location.uri}")


def publish_manifest(location: Location, name: str, data: str, fields: Mapping[str, Any]) -> int:
    """Write a manifest under the next free number and return that number.

    Of publishers who try the same number at once one gets it; the others try the next. Raises `MismatchError` for
    `fields` with parts missing or unknown.
    """
    given: Document = {**fields, "name": name, "data": data, "created": now(), "created_by": who()}
    while True:
        number = max(version_numbers(location, name), default=0) + 1
        manifest = _from_fields({**given, "version": number}, MismatchError, f"manifest of {name}@{number}")
        try:
            location.create(_key(name, number), manifest.encoded())
        except AlreadyExistsError:
            continue
        return number


def no_such_version(location: Location, name: str, what: str) -> NotFoundError:
    """Return the error for a version that does not exist, telling which ones do."""
    numbers = version_numbers(location, name)
    known = f"it has the versions {', '.join(map(str, numbers))}" if numbers else "it has no version yet"
    return NotFoundError(f"{what} does not exist: model {name!r} in {location.uri}: {known}")


def _key(name: str, number: int) -> str:
    return f"{name}/versions/{number}.json"


def _from_fields(fields: Document, error: type[FormatError | MismatchError], what: str) -> Manifest:
    known = Manifest.__dataclass_fields__
    required = {name for name, field in known.items() if field.default is MISSING}
    if not required <= fields.keys() <= known.keys():
        missing, unknown = sorted(required - fields.keys()), sorted(fields.keys() - known.keys())
        raise error(f"{what}: the parts {missing} are missing and {unknown} are unknown")
    try:
        rows, cols = fields["image_shape"]
        return Manifest(**{**fields, "image_shape": (rows, cols), "expressions": tuple(fields["expressions"])})
    except (TypeError, ValueError) as reason:
        raise error(f"{what}: image_shape must be [rows, cols] and expressions a list of names") from reason
