"""The weight store: named models with numbered versions, aliases that move, and drafts on their way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from storage.blobs.documents import Document
from storage.blobs.location import open_location
from storage.blobs.names import check_name
from storage.blobs.provenance import seconds_since
from storage.datasets.aliases import (
    AliasEntry,
    append_promotion,
    append_rollback,
    read_aliases,
    read_head,
    read_history,
)
from storage.datasets.claims import claimants
from storage.datasets.comparisons import read_comparison, write_comparison
from storage.datasets.draft import WeightDraft, create_draft, data_folder, draft_folder, job_key, read_job, receipt_keys
from storage.datasets.evaluations import read_evaluations, write_evaluation
from storage.datasets.manifest import Manifest, no_such_version, read_manifest, version_numbers
from storage.datasets.spec import ArraySpec, WeightsSpec
from storage.datasets.version import WeightVersion
from storage.errors import AlreadyExistsError, NotFoundError, StorageError

__all__ = ["AliasEntry", "ArraySpec", "DraftInfo", "WeightStore", "WeightsSpec"]


@dataclass(frozen=True)
class DraftInfo:
    """A draft that was not published."""

    name: str
    id: str
    created: str
    """ISO 8601, UTC."""
    job: dict[str, Any]
    n_receipts: int
    bytes: int
    claimants: tuple[str, ...]
    """Processes that are working on it now."""


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

    def free_bytes(self) -> int | None:
        """Return the free bytes of the disk, or None for an object store."""
        return self._location.free_bytes()

    def names(self) -> list[str]:
        """Return the models that have a version, sorted."""
        return [name for name in self._location.list("") if version_numbers(self._location, name)]

    def versions(self, name: str) -> list[Manifest]:
        """Return the manifests of all versions of a model, ascending; none for an unknown model."""
        check_name("model", name)
        return [read_manifest(self._location, name, number) for number in version_numbers(self._location, name)]

    def readable_versions(self, name: str) -> tuple[list[Manifest], dict[int, str]]:
        """Return the manifests that can be read, ascending, and for each other version what is wrong with its own."""
        manifests, damaged = [], {}
        for number in version_numbers(self._location, check_name("model", name)):
            try:
                manifests.append(read_manifest(self._location, name, number))
            except StorageError as error:
                damaged[number] = str(error)
        return manifests, damaged

    def resolve(self, reference: str) -> tuple[str, int]:
        """Return (name, number) of "name" (its latest version), "name@3" or "name@alias"; raises `NotFoundError`."""
        name, separator, selector = reference.partition("@")
        numbers = version_numbers(self._location, check_name("model", name))
        if not numbers:
            known = ", ".join(self.names()) or "none"
            raise NotFoundError(f"{self.uri} has no published model {name!r}; its models: {known}")
        if not separator:
            return name, numbers[-1]
        if not selector.isdecimal():
            return name, read_head(self._location, name, selector).version
        if int(selector) not in numbers:
            raise no_such_version(self._location, name, f"version {reference}")
        return name, int(selector)

    def open(self, reference: str) -> WeightVersion:
        """Return a version for reading; raises `NotFoundError` and `FormatError`."""
        return WeightVersion(self._location, read_manifest(self._location, *self.resolve(reference)))

    def create_draft(self, name: str, draft_id: str, spec: WeightsSpec, job: Document) -> WeightDraft:
        """Create the arrays of a draft, or reopen an unpublished one of this id.

        Raises `MismatchError` if that one has other arrays or attributes, `AlreadyExistsError` if it was published.
        """
        published = self.published_with(name, draft_id)
        if published:
            raise AlreadyExistsError(
                f"draft {draft_id} was published as {name}@{published[0]}, which never changes; use another id"
            )
        return create_draft(self._location, name, draft_id, spec, job)

    def open_draft(self, name: str, draft_id: str) -> WeightDraft:
        """Return an unpublished draft; raises `NotFoundError`."""
        draft = WeightDraft(self.uri, name, draft_id)
        read_job(self._location, name, draft_id)
        return draft

    def published_with(self, name: str, draft_id: str) -> list[int]:
        """Return the versions whose data is this draft's, ascending."""
        check_name("draft", draft_id)
        return [manifest.version for manifest in self.versions(name) if manifest.data == f"data/{draft_id}"]

    def drafts(self, name: str | None = None) -> list[DraftInfo]:
        """Return the unpublished drafts of one model or of all."""
        return [
            self._draft_info(model, draft_id) for model in self._models(name) for draft_id in self._unpublished(model)
        ]

    def clean(self, name: str | None = None, older_than: float = 0) -> list[DraftInfo]:
        """Remove unpublished drafts created `older_than` seconds ago or earlier, and return what was removed.

        Data that a manifest names is never removed, nor a draft on which a process is working. Raises `FormatError`
        where a manifest cannot be read, as nobody knows which data is its own.
        """
        old = [
            draft for draft in self.drafts(name) if not draft.claimants and seconds_since(draft.created) >= older_than
        ]
        for draft in old:
            # It may have been published since it was listed: then its data belongs to a version.
            if not self.published_with(draft.name, draft.id):
                self._location.delete(data_folder(draft.name, draft.id))
            # Last, as a draft without its job is not seen any more.
            self._location.delete(draft_folder(draft.name, draft.id))
        self._clean_published(name)
        return old

    def promote(self, name: str, number: int, alias: str, note: str = "") -> AliasEntry:
        """Let an alias name a version; raises `NotFoundError` if there is no such version."""
        if number not in version_numbers(self._location, check_name("model", name)):
            raise no_such_version(self._location, name, f"version {name}@{number}")
        return append_promotion(self._location, name, alias, number, note)

    def rollback(self, name: str, alias: str) -> int:
        """Let an alias name what it named before its last promotion, and return that version's number.

        Promotions are a stack: after promoting 1, 2 and 3, rollbacks lead to 2, to 1, and to `NotFoundError`.
        """
        return append_rollback(self._location, check_name("model", name), alias).version

    def aliases(self, name: str) -> dict[str, int]:
        """Return the version that each alias of a model names."""
        return read_aliases(self._location, check_name("model", name))

    def alias_history(self, name: str, alias: str) -> list[AliasEntry]:
        """Return all moves of an alias, oldest first."""
        return read_history(self._location, check_name("model", name), check_name("alias", alias))

    def add_evaluation(self, name: str, number: int, key: str, record: Document) -> None:
        """Keep an evaluation of a version; it replaces an earlier one of this key."""
        if number not in version_numbers(self._location, check_name("model", name)):
            raise no_such_version(self._location, name, f"version {name}@{number}")
        write_evaluation(self._location, name, number, key, record)

    def evaluations(self, name: str, number: int) -> list[Document]:
        """Return all evaluations of a version."""
        return read_evaluations(self._location, check_name("model", name), number)

    def put_comparison(self, name: str, key: str, record: Document) -> None:
        """Keep what a comparison measured of a model; it replaces an earlier record of this key."""
        write_comparison(self._location, check_name("model", name), key, record)

    def comparison(self, name: str, key: str) -> Document | None:
        """Return what a comparison measured of a model under this key, or None."""
        return read_comparison(self._location, check_name("model", name), key)

    def _models(self, name: str | None) -> list[str]:
        return self._location.list("") if name is None else [check_name("model", name)]

    def _clean_published(self, name: str | None) -> None:
        """Remove what two trainers of one draft left after publishing it: its job and receipts."""
        for model in self._models(name):
            for manifest in self.versions(model):
                folder = draft_folder(model, manifest.data.removeprefix("data/"))
                if not claimants(self._location, folder):
                    self._location.delete(folder)

    def _unpublished(self, name: str) -> list[str]:
        """Return the ids of drafts, which are those with a job: other folders of that name are not ours to clean."""
        published = {manifest.data for manifest in self.readable_versions(name)[0]}
        return [
            draft_id
            for draft_id in self._location.list(f"{name}/drafts")
            if f"data/{draft_id}" not in published and self._location.exists(job_key(name, draft_id))
        ]

    def _draft_info(self, name: str, draft_id: str) -> DraftInfo:
        description = read_job(self._location, name, draft_id)
        return DraftInfo(
            name,
            draft_id,
            description["created"],
            description["job"],
            len(receipt_keys(self._location, name, draft_id)),
            self._location.size(draft_folder(name, draft_id)) + self._location.size(data_folder(name, draft_id)),
            tuple(claimants(self._location, draft_folder(name, draft_id))),
        )
