"""Requests about what a weight store holds: versions, their aliases, their state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fesdist.ground.options import argument, option
from fesdist.requests.groups import json_option, name_argument, reference_argument, store_argument


def _place() -> Any:
    return argument("weight store, or a training stack", metavar="STORE|STACK")


def _reference() -> Any:
    return option(None, "of a weight store: name, name@3 or name@alias", metavar="NAME[@V]", positional=True)


@dataclass(frozen=True, kw_only=True)
class Versions:
    """List models, versions, aliases and errors; remove what abandoned runs left behind."""

    EXAMPLE: ClassVar = """fesdist versions weights
fesdist versions weights --clean"""

    store: str = store_argument()
    name: str | None = option(None, "this model only", metavar="NAME")
    clean: bool = option(False, "remove the tiles of runs that were never published")
    older_than: float = option(0.0, "with --clean, spare runs that were started in these last hours", metavar="HOURS")
    timing: bool = option(False, "tell where the time of each training went")
    json: bool = json_option()

    @property
    def only_tells(self) -> bool:
        """Return whether what is printed is all that is done."""
        return not self.clean


@dataclass(frozen=True, kw_only=True)
class Promote:
    """Let an alias point at a version; jobs that use the alias follow at once."""

    EXAMPLE: ClassVar = "fesdist promote weights london 1 --as production"

    store: str = store_argument()
    name: str = name_argument()
    version: int = argument("number of the version", metavar="VERSION")
    alias: str = argument("for instance production or candidate", positional=False, flag="as", metavar="ALIAS")
    note: str = option("", "why, kept in the alias's history", metavar="TEXT")


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """Let an alias point at the version it had before its last promotion."""

    EXAMPLE: ClassVar = "fesdist rollback weights london production"

    store: str = store_argument()
    name: str = name_argument()
    alias: str = argument("for instance production", metavar="ALIAS")


@dataclass(frozen=True, kw_only=True)
class History:
    """List how the aliases of a model moved and which versions were deleted: when, by whom, why."""

    EXAMPLE: ClassVar = """fesdist history weights london
fesdist history weights london production --json"""
    only_tells: ClassVar = True

    store: str = store_argument()
    name: str = name_argument()
    alias: str | None = option(None, "this alias only", metavar="ALIAS", positional=True)
    json: bool = json_option()


@dataclass(frozen=True, kw_only=True)
class Verify:
    """Read all of a version, or of a training stack, and compare it with the checksums that were stored."""

    EXAMPLE: ClassVar = """fesdist verify weights london@3
fesdist verify stack.zarr"""

    place: str = _place()
    reference: str | None = _reference()


@dataclass(frozen=True, kw_only=True)
class Show:
    """Tell what a version is and learned from, or what a training stack holds."""

    EXAMPLE: ClassVar = """fesdist show weights london@3
fesdist show stack.zarr"""
    only_tells: ClassVar = True

    place: str = _place()
    reference: str | None = _reference()
    json: bool = json_option()


@dataclass(frozen=True, kw_only=True)
class Copy:
    """Copy a version to another weight store, under the next free number there."""

    EXAMPLE: ClassVar = """fesdist copy weights london@3 s3://bucket/weights
fesdist copy s3://bucket/weights london@production backup"""

    store: str = store_argument()
    reference: str = reference_argument()
    other: str = argument("where to: a folder, or s3://bucket/prefix", metavar="OTHERSTORE")
    name: str | None = option(None, "name of the model there", metavar="NAME", implied="the same")


@dataclass(frozen=True, kw_only=True)
class Delete:
    """Delete a version for good, which no alias may point at; a whole model; or a person from a training stack."""

    EXAMPLE: ClassVar = """fesdist delete weights london 3
fesdist delete weights london --all --note "the wrong photographs"
fesdist delete stack.zarr anna"""

    store: str = argument("weight store, or a training stack", metavar="STORE|STACK")
    name: str = argument("name of the model, or of the person", metavar="NAME|PERSON")
    version: int | None = option(None, "number of the version", metavar="VERSION", positional=True)
    all: bool = option(False, "the whole model: its versions, aliases and interrupted runs, damaged ones as well")
    note: str = option("", "why, kept for the history", metavar="TEXT")
