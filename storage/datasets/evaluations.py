"""Evaluations of a version, kept beside it: one document for each set of images it was evaluated on."""

from __future__ import annotations

from storage.blobs.documents import Document, decode, encode
from storage.blobs.location import Location
from storage.blobs.names import check_name


def write_evaluation(location: Location, name: str, number: int, key: str, record: Document) -> None:
    """Keep the record of an evaluation; it replaces an earlier one of this key."""
    what = f"evaluation {key} of {name}@{number}"
    location.write(f"{_folder(name, number)}/{check_name('evaluation', key)}.json", encode(record, what))


def read_evaluations(location: Location, name: str, number: int) -> list[Document]:
    """Return all evaluations of a version, in the order of their keys."""
    folder = _folder(name, number)
    return [
        decode(location.read(f"{folder}/{file}"), f"{folder}/{file} in {location.uri}")
        for file in location.list(folder)
    ]


def _folder(name: str, number: int) -> str:
    return f"{name}/evaluations/{number}"
