"""`fesdist versions`: names, versions, aliases, errors; and what interrupted runs left behind."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fesdist.cli.console import MOST_IN_A_CELL, minute, say, size, table, warn
from fesdist.ground.counting import counted
from fesdist.ground.errors import BadParameterError, FesdistError
from fesdist.ground.metrics import RunMetrics
from fesdist.ground.notices import a_few
from fesdist.requests.exits import EXIT_ERROR
from fesdist.requests.weights import Versions
from storage.blobs.documents import Document
from storage.datasets.cleaning import DraftInfo
from storage.datasets.manifest import Manifest, ModelFacts
from storage.datasets.store import WeightStore
from storage.errors import NewerFormatError, NotFoundError, StorageError

_OFTEN_ALIKE = ("colour", "size", "expressions")
"""Columns that are told above the table where all versions of a model have the same there."""


def run(request: Versions) -> int:
    """List or clean; return 0, or 1 if a document is damaged or of a later release, or an alias leads nowhere."""
    store = WeightStore(request.store)
    store.check()
    if request.clean:
        return _clean(store, request)
    found = _Found.of(store, request.name)
    damaged = found.damaged(request.store)
    if request.json:
        say(json.dumps(found.record(), indent=2))
    else:
        published = {name: manifests for name, (manifests, _) in found.models.items() if manifests}
        if not published and not damaged:
            say(f"{request.store} has no models yet; `fesdist train` publishes one")
        for name, manifests in published.items():
            _print(store, name, manifests)
            if request.timing:
                _print_timing(manifests)
        _print_unpublished(found.drafts)
    for reason in damaged:
        warn(f"warning: {reason}")
    return EXIT_ERROR if damaged else 0


@dataclass(frozen=True)
class _Found:
    """What a store holds of the models that are listed, readable or not."""

    store: WeightStore
    drafts: list[DraftInfo]
    models: dict[str, tuple[list[Manifest], dict[int, StorageError]]]
    """By name the manifests that can be read, and what is wrong with the others."""
    evaluations: dict[tuple[str, int], tuple[dict[str, Document], dict[str, StorageError]]]
    """Likewise, by name and version, and each by its key."""

    @classmethod
    def of(cls, store: WeightStore, name: str | None) -> _Found:
        """Return what there is of one model, or of all; raises NotFoundError for an unknown one."""
        drafts = store.drafts(name)
        models = {each: _readable(store, each) for each in _names(store, drafts, name)}
        evaluations = {
            (each, manifest.version): store.evaluations(each, manifest.version).readable()
            for each, (manifests, _) in models.items()
            for manifest in manifests
        }
        return cls(store, drafts, models, evaluations)

    def damaged(self, place: str) -> list[str]:
        """Return what is damaged, and what to do about it; `place` is what people call the store."""
        return [
            *(
                str(reason)
                if isinstance(reason, NewerFormatError)
                else f"{reason}; restore that manifest from a copy, nothing can be done with this version"
                for _, reasons in self.models.values()
                for reason in reasons.values()
            ),
            *(
                f"alias {name}@{alias} {why}"
                for name in self.models
                for alias, why in self.store.aliases(name).broken().items()
            ),
            *(
                f"an evaluation of {name}@{version} is damaged ({why}); `fesdist evaluate` replaces it, or delete it"
                for (name, version), (_, reasons) in self.evaluations.items()
                for why in reasons.values()
            ),
            *(
                f"an interrupted run of {draft.name} cannot be continued ({draft.damaged}); "
                f"`fesdist versions {shlex.quote(place)} --clean` removes it"
                for draft in self.drafts
                if draft.damaged
            ),
        ]

    def record(self) -> dict[str, Any]:
        """Return all of it for JSON, by model."""
        return {
            name: {
                "aliases": self.store.aliases(name).readable(),
                "versions": [
                    _describe(each, [*self.evaluations[name, each.version][0].values()]) for each in manifests
                ],
                "damaged": {number: str(error) for number, error in damaged.items()},
                "unpublished": [_describe_draft(draft) for draft in self.drafts if draft.name == name],
            }
            for name, (manifests, damaged) in self.models.items()
        }


def _readable(store: WeightStore, name: str) -> tuple[list[Manifest], dict[int, StorageError]]:
    """Return the manifests of a model of which all can be read that is listed, and what is wrong with the others."""
    manifests, damaged = store.readable_versions(name)
    for manifest in manifests:
        try:
            manifest.measured(RunMetrics)
        except StorageError as error:
            damaged[manifest.version] = error
    return [each for each in manifests if each.version not in damaged], dict(sorted(damaged.items()))


def _names(store: WeightStore, drafts: list[DraftInfo], wanted: str | None) -> list[str]:
    """Return the models to list, with a version, an alias or an unpublished run; raises NotFoundError for others."""
    names = sorted({*store.names_with_aliases(), *(draft.name for draft in drafts)})
    if wanted is None:
        return names
    if wanted not in names:
        raise NotFoundError(f"no model {wanted!r} in {store.uri}; it has {', '.join(names) or 'no models yet'}")
    return [wanted]


def _clean(store: WeightStore, request: Versions) -> int:
    if not request.older_than >= 0:
        raise BadParameterError(f"--older-than {request.older_than:g}: expected hours, 0 or more, for instance 24")
    removed = store.clean(request.name, older_than=request.older_than * 3600)
    going_on = [draft for draft in store.drafts(request.name) if draft.claimants]
    if request.json:
        listed = {"removed": removed, "left_alone": going_on}
        say(
            json.dumps(
                {what: [_describe_draft(draft) for draft in drafts] for what, drafts in listed.items()}, indent=2
            )
        )
        return 0
    for draft in going_on:
        say(f"left alone: a run of {draft.name} that is going on ({', '.join(draft.claimants)})")
    for draft in removed:
        say(f"removed an interrupted run of {draft.name}: {counted(draft.n_receipts, 'tile')}, {size(draft.bytes)}")
    if not removed:
        say("nothing to remove: no interrupted runs")
    return 0


def _describe(manifest: Manifest, evaluations: list[Document]) -> dict[str, Any]:
    return {
        "version": manifest.version,
        "created": manifest.created,
        "created_by": manifest.created_by,
        "model": asdict(manifest.model),
        "colour": manifest.colour,
        "image_shape": list(manifest.image_shape),
        "expressions": list(manifest.expressions),
        "metrics": manifest.metrics,
        "evaluations": evaluations,
    }


def _describe_draft(draft: DraftInfo) -> dict[str, Any]:
    return {
        "name": draft.name,
        "created": draft.created,
        "tiles": draft.n_receipts,
        "bytes": draft.bytes,
        "going_on": list(draft.claimants),
    }


def _print(store: WeightStore, name: str, manifests: list[Manifest]) -> None:
    aliases: dict[int, list[str]] = {}
    for alias, version in store.aliases(name).readable().items():
        aliases.setdefault(version, []).append(alias)
    rows = [
        {
            "version": str(manifest.version),
            "created": minute(manifest.created),
            "model": _model(manifest.model),
            "colour": manifest.colour,
            "size": " x ".join(map(str, manifest.image_shape)),
            "expressions": a_few(manifest.expressions, most=MOST_IN_A_CELL),
            "face": _mean_error(manifest, "face"),
            "mouth": _mean_error(manifest, "mouth"),
            "aliases": ", ".join(sorted(aliases.get(manifest.version, []))),
        }
        for manifest in manifests
    ]
    # Once, and not in every row, so that the table fits into a terminal.
    alike = {column: rows[0][column] for column in _OFTEN_ALIKE if len({row[column] for row in rows}) == 1}
    columns = [column for column in rows[0] if column not in alike]
    say(name)
    if told := "; ".join(f"{column} {cell}" for column, cell in alike.items()):
        say(f"  {told}")
    table(columns, [[row[column] for column in columns] for row in rows])
    say("  face, mouth: MSE x 100 on held-out people, the mean over the expressions")
    say()


def _print_timing(manifests: list[Manifest]) -> None:
    """Print the steps of each training, and the phases of its tiles: seconds on the wall, then seconds of workers."""
    for manifest in manifests:
        metrics = manifest.measured(RunMetrics)
        if not any(metrics.phases.values()):
            say(f"{manifest.reference} does not tell where its time went: an earlier fesdist trained it, or another")
            continue
        computing = sum(metrics.phases.values())
        say(f"{manifest.reference}: seconds by step, then of {counted(metrics.tiles, 'tile')} by phase")
        table(
            ("", "seconds", "share of the tiles"),
            [
                *((step, f"{seconds:.2f}", "") for step, seconds in _longest_first(metrics.steps)),
                *(
                    (f"tiles: {phase}", f"{seconds:.2f}", f"{100 * seconds / computing:.0f} %")
                    for phase, seconds in _longest_first(metrics.phases)
                ),
            ],
        )
        say()


def _longest_first(seconds: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(seconds.items(), key=lambda item: -item[1])


def _print_unpublished(drafts: list[DraftInfo]) -> None:
    for draft in drafts:
        state = f"going on ({', '.join(draft.claimants)})" if draft.claimants else "interrupted, --clean removes it"
        tiles = counted(draft.n_receipts, "tile")
        begun = "of an unknown time" if draft.damaged else minute(draft.created)
        say(f"unpublished run of {draft.name}, {begun}, {state}: {tiles}, {size(draft.bytes)}")


def _model(model: ModelFacts) -> str:
    if model.described:
        return f"{model.name} {model.described}"
    from fesdist.registry import model_from_parameters  # loads all models, which takes longer than a long list

    try:
        return f"{model.name} {model_from_parameters(model.name, model.parameters).describe()}"
    except FesdistError:  # of another fesdist, which is no reason to list nothing
        return model.name


def _mean_error(manifest: Manifest, region: str) -> str:
    found = [facts.errors(region) for facts in manifest.measured(RunMetrics).expressions.values()]
    errors = [errors.mse_x100 for errors in found if errors is not None]
    return f"{sum(errors) / len(errors):.4f}" if errors else "–"
