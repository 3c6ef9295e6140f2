"""The store of versions: named models with numbered versions, aliases that move, and drafts on their way."""

from __future__ import annotations

import itertools
from functools import partial

from storage.blobs.location import open_location
from storage.blobs.names import check_name
from storage.datasets.absent import (
    check_may_be_store,
    check_store,
    folders,
    is_model,
    no_such_model,
    no_such_version,
    published_models,
)
from storage.datasets.aliases import Aliases
from storage.datasets.cleaning import DraftInfo, clean_model, read_drafts
from storage.datasets.copying import copy_version
from storage.datasets.deletion import delete_model, delete_version, read_tombstones
from storage.datasets.draft import WeightDraft
from storage.datasets.manifest import (
    Manifest,
    Tombstone,
    digest_of_checksums,
    read_manifest,
    read_manifests,
    version_numbers,
)
from storage.datasets.records import Records
from storage.datasets.version import WeightVersion
from storage.errors import AlreadyExistsError, StorageError

_DIGITS = 18
"""Of the largest number of a version; Python refuses to read some that are much longer."""


class WeightStore:
    """A folder or an object-store prefix; nothing is created before something is written.

    Names are checked before they become parts of paths: each method raises `BadNameError` for others.
    """

    def __init__(self, uri: str) -> None:
        self._location = open_location(uri)

    @property
    def uri(self) -> str:
        """Return the address; a folder's is absolute."""
        return self._location.uri

    def check(self) -> None:
        """Raise `NotFoundError` where no store is, saying what is there instead; an empty folder is a store."""
        check_store(self._location)

    def check_new(self) -> None:
        """Raise `AlreadyExistsError` where something is that no store can be in, such as a stack."""
        check_may_be_store(self._location)

    def free_bytes(self) -> int | None:
        """Return the free bytes of the disk, or None for an object store."""
        return self._location.free_bytes()

    def names(self) -> list[str]:
        """Return the models that have a version, sorted."""
        return published_models(self._location)

    def names_with_aliases(self) -> list[str]:
        """Return the models that have a version or an alias, sorted: an alias may outlive what it names."""
        return [name for name in self._models(None) if version_numbers(self._location, name) or len(self.aliases(name))]

    def versions(self, name: str) -> list[Manifest]:
        """Return the manifests of all versions of a model, ascending; none for an unknown model.

        Raises `FormatError` where one cannot be read. Their checksums are not read.
        """
        manifests, damaged = self.readable_versions(name)
        for error in damaged.values():
            raise error
        return manifests

    def readable_versions(self, name: str) -> tuple[list[Manifest], dict[int, StorageError]]:
        """Return the manifests that can be read, ascending, and for each other version what is wrong with its own."""
        found = read_manifests(self._location, check_name("model", name))
        return (
            [manifest for manifest in found.values() if isinstance(manifest, Manifest)],
            {number: error for number, error in found.items() if not isinstance(error, Manifest)},
        )

    def resolve(self, reference: str) -> tuple[str, int]:
        """Return (name, number) of "name" (its latest version), "name@3" or "name@alias"; raises `NotFoundError`."""
        name, separator, selector = reference.partition("@")
        numbers = version_numbers(self._location, check_name("model", name))
        if not numbers:
            raise no_such_model(self._location, name)
        if not separator:
            return name, numbers[-1]
        if not selector.isdecimal():
            number = self.aliases(name).head(selector).version
        else:
            number = int(selector) if len(selector) <= _DIGITS else 0
        if number not in numbers:
            raise no_such_version(self._location, name, f"version {reference}")
        return name, number

    def open(self, reference: str) -> WeightVersion:
        """Return a version for reading; raises `NotFoundError` and `FormatError`."""
        return WeightVersion(self._location, read_manifest(self._location, *self.resolve(reference)))

    def delete(self, name: str, number: int, note: str = "") -> Tombstone:
        """Delete a version for ever: its number is not used again, and who deleted it and when is kept.

        Raises `NotFoundError` if there is none, `MismatchError` while an alias names it, and `FormatError` if a
        manifest of the model cannot be read. Interrupted, it is as good as done; `clean` removes what was left, also
        where a process was still working on the draft that the version was.
        """
        self._check_version(name, number)
        return delete_version(self._location, self.aliases(name), name, number, note)

    def delete_model(self, name: str, note: str = "") -> list[Tombstone]:
        """Delete all of a model for ever, damaged documents included; what is left says which versions there were.

        Raises `NotFoundError` for an unknown model, and `MismatchError` while a process works on it.
        """
        if not is_model(self._location, check_name("model", name)):
            raise no_such_model(self._location, name)
        return delete_model(self._location, name, note)

    def copy(self, reference: str, other: WeightStore, name: str | None = None) -> tuple[str, int]:
        """Copy a version to another store, as the next version of its model, or of `name`, there; return both.

        Where it is one already, what is damaged there is put right. Raises `AlreadyExistsError` where it was one and
        was deleted, or a stack is, and as `open` and `copy_version`.
        """
        version = self.open(reference)
        other.check_new()
        own = version.manifest
        name = check_name("model", name or own.name)
        known = [each for each in other.versions(name) if each.data == own.data]
        digest = digest_of_checksums(self._location, own)
        same = [each.version for each in known if digest_of_checksums(other._location, each) == digest]
        if not same and (taken := other.published_with(name, own.draft)):
            raise AlreadyExistsError(
                f"{other.uri} had the weights of {own.reference} as {name}@{taken[-1]}, or has others under that name;"
                " expected another store or another name"
            )
        return name, copy_version(self._location, version, other._location, name, max(same, default=None))

    def deleted(self, name: str) -> list[Tombstone]:
        """Return what is left of the deleted versions of a model, ascending."""
        return read_tombstones(self._location, check_name("model", name))

    def draft(self, name: str, draft_id: str) -> WeightDraft:
        """Return a draft that may not exist yet, to be claimed and created.

        Raises `AlreadyExistsError` if it was published, and where a stack is in the place of the store.
        """
        self.check_new()
        published = self.published_with(name, draft_id)
        if published:
            raise AlreadyExistsError(
                f"draft {draft_id} was published as {name}@{published[0]}, which never changes; use another id"
            )
        return WeightDraft(self.uri, name, draft_id)

    def next_draft(self, name: str, job_digest: str) -> WeightDraft:
        """Return the first draft that was not published of a job, to be claimed and created: "<digest>-0", "-1", ...

        A published draft never changes, so each run of an equal job has one of its own. If it exists, a run was
        interrupted, or is going on and writes the same bytes. Raises `AlreadyExistsError` where a stack is.
        """
        self.check_new()
        published = {version.data for version in self._ever_published(name)}
        numbered = (f"{job_digest}-{number}" for number in itertools.count())
        return WeightDraft(self.uri, name, next(each for each in numbered if f"data/{each}" not in published))

    def open_draft(self, name: str, draft_id: str) -> WeightDraft:
        """Return an unpublished draft; raises `NotFoundError`."""
        draft = WeightDraft(self.uri, name, draft_id)
        draft.check_exists()
        return draft

    def published_with(self, name: str, draft_id: str) -> list[int]:
        """Return the versions whose data is this draft's, ascending, those that were deleted since included."""
        data = f"data/{check_name('draft', draft_id)}"
        return sorted(version.version for version in self._ever_published(name) if version.data == data)

    def drafts(self, name: str | None = None) -> list[DraftInfo]:
        """Return the unpublished drafts of one model or of all."""
        return [draft for model in self._models(name) for draft in read_drafts(self._location, model)]

    def clean(self, name: str | None = None, older_than: float = 0) -> list[DraftInfo]:
        """Remove unpublished drafts created `older_than` seconds ago or earlier, and return what was removed.

        Data that a manifest names is never removed, nor a draft on which a process is working. Raises `FormatError`
        where a manifest cannot be read, as nobody knows which data is its own.
        """
        return [draft for model in self._models(name) for draft in clean_model(self._location, model, older_than)]

    def aliases(self, name: str) -> Aliases:
        """Return the aliases of a model: a mapping to the versions that they name, to be moved and asked."""
        return Aliases(self._location, name, partial(self._check_version, name))

    def evaluations(self, name: str, number: int) -> Records:
        """Return the evaluations of a version; raises `NotFoundError` when one is kept of no version."""
        folder = f"{check_name('model', name)}/evaluations/{int(number)}"
        return Records(self._location, folder, "evaluation", partial(self._check_version, name, number))

    def comparisons(self, name: str) -> Records:
        """Return what comparisons measured of a model."""
        return Records(self._location, f"{check_name('model', name)}/comparisons", "comparison")

    def _ever_published(self, name: str) -> list[Manifest | Tombstone]:
        """Return what there is of all versions of a model, those that were deleted since included."""
        return [*self.versions(name), *self.deleted(name)]

    def _check_version(self, name: str, number: int) -> None:
        if number not in version_numbers(self._location, check_name("model", name)):
            raise no_such_version(self._location, name, f"version {name}@{number}")

    def _models(self, name: str | None) -> list[str]:
        return folders(self._location) if name is None else [check_name("model", name)]
