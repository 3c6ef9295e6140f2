"""`fesdist versions`: names, versions, aliases, errors; and what interrupted runs left behind."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fesdist.cli.console import counted, say, size, table, warn
from fesdist.cli.options import add_json_option

if TYPE_CHECKING:
    from storage.datasets.manifest import Manifest, ModelFacts
    from storage.datasets.store import DraftInfo, WeightStore
    from storage.errors import StorageError

NAME = "versions"
SUMMARY = "List models, versions, aliases and errors; remove what abandoned runs left behind."
EXAMPLE = """fesdist versions weights
fesdist versions weights --clean"""

EXIT_DAMAGED = 1


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("weights", help="weight store: a folder, or s3://bucket/prefix")
    parser.add_argument("--name", help="this model only")
    parser.add_argument("--clean", action="store_true", help="remove the tiles of runs that were never published")
    parser.add_argument(
        "--older-than",
        type=float,
        default=0.0,
        metavar="HOURS",
        help="with --clean, spare runs that were started in these last hours",
    )
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """List or clean; return 0, or 1 if a manifest is damaged."""
    import json

    from storage.datasets.store import WeightStore

    store = WeightStore(arguments.weights)
    if arguments.clean:
        return _clean(store, arguments)
    drafts = store.drafts(arguments.name)
    names = _names(store, drafts, arguments)
    models = {name: store.readable_versions(name) for name in names}
    damaged = [reason for _, reasons in models.values() for reason in reasons.values()]
    if arguments.json:
        listed = {name: _describe(store, name, *models[name], drafts) for name in names}
        say(json.dumps(listed, indent=2))
    else:
        published = {name: manifests for name, (manifests, _) in models.items() if manifests}
        if not published and not damaged:
            say(f"{arguments.weights} has no models yet; `fesdist train` publishes one")
        for name, manifests in published.items():
            _print(store, name, manifests)
        _print_unpublished(drafts)
    for reason in damaged:
        warn(f"warning: {reason}; restore that manifest from a copy, nothing can be done with this version")
    return EXIT_DAMAGED if damaged else 0


def _names(store: WeightStore, drafts: list[DraftInfo], arguments: argparse.Namespace) -> list[str]:
    """Return the models to list, which have a version or an unpublished run; raises NotFoundError for others."""
    from storage.errors import NotFoundError

    names = sorted({*store.names(), *(draft.name for draft in drafts)})
    if arguments.name is None:
        return names
    if arguments.name not in names:
        raise NotFoundError(
            f"no model {arguments.name!r} in {arguments.weights}; it has {', '.join(names) or 'no models yet'}"
        )
    return [arguments.name]


def _clean(store: WeightStore, arguments: argparse.Namespace) -> int:
    import json

    removed = store.clean(arguments.name, older_than=arguments.older_than * 3600)
    going_on = [draft for draft in store.drafts(arguments.name) if draft.claimants]
    if arguments.json:
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


def _describe(
    store: WeightStore, name: str, manifests: list[Manifest], damaged: dict[int, StorageError], drafts: list[DraftInfo]
) -> dict[str, Any]:
    return {
        "aliases": dict(store.aliases(name)),
        "versions": [
            {
                "version": manifest.version,
                "created": manifest.created,
                "created_by": manifest.created_by,
                "model": asdict(manifest.model),
                "colour": manifest.colour,
                "image_shape": list(manifest.image_shape),
                "expressions": list(manifest.expressions),
                "metrics": manifest.metrics,
                "evaluations": list(store.evaluations(name, manifest.version)),
            }
            for manifest in manifests
        ],
        "damaged": {number: str(error) for number, error in damaged.items()},
        "unpublished": [_describe_draft(draft) for draft in drafts if draft.name == name],
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
    for alias, version in store.aliases(name).items():
        aliases.setdefault(version, []).append(alias)
    say(name)
    table(
        ("version", "created", "model", "colour", "size", "expressions", "face", "mouth", "aliases"),
        [
            (
                str(manifest.version),
                manifest.created[:16].replace("T", " "),
                _model(manifest.model),
                manifest.colour,
                " x ".join(map(str, manifest.image_shape)),
                ", ".join(manifest.expressions),
                _mean_error(manifest, "face"),
                _mean_error(manifest, "mouth"),
                ", ".join(sorted(aliases.get(manifest.version, []))),
            )
            for manifest in manifests
        ],
    )
    say("  face, mouth: MSE x 100 on held-out people, the mean over the expressions")
    say()


def _print_unpublished(drafts: list[DraftInfo]) -> None:
    for draft in drafts:
        started = draft.created[:16].replace("T", " ")
        state = f"going on ({', '.join(draft.claimants)})" if draft.claimants else "interrupted, --clean removes it"
        tiles = counted(draft.n_receipts, "tile")
        say(f"unpublished run of {draft.name}, {started}, {state}: {tiles}, {size(draft.bytes)}")


def _model(model: ModelFacts) -> str:
    from fesdist.registry import model_from_parameters

    return f"{model.name} {model_from_parameters(model.name, model.parameters).describe()}"


def _mean_error(manifest: Manifest, region: str) -> str:
    from fesdist.ground.metrics import RunMetrics

    found = [facts.errors(region) for facts in manifest.measured(RunMetrics).expressions.values()]
    errors = [errors.mse_x100 for errors in found if errors is not None]
    return f"{sum(errors) / len(errors):.4f}" if errors else "–"
