"""`fesdist show`: what a version is and learned from, or what a training stack holds."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from fesdist.cli.console import minute, say, size, table
from fesdist.cli.ingest import print_pairs
from fesdist.cli.notices import tell, to_records
from fesdist.cli.place import open_stack
from fesdist.cli.train import print_errors
from fesdist.exports.npz.origin import origins_of
from fesdist.ground.counting import counted
from fesdist.ground.metrics import RunMetrics
from fesdist.images.summary import count_pairs, of_people_on_both_sides
from fesdist.requests.weights import Show
from fesdist.training.notices import kept_in
from storage.datasets.manifest import Manifest
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from storage.stack.reading import TrainingStack


def run(request: Show) -> int:
    """Show a version, or a stack; raises NotFoundError for one that is not there."""
    if request.reference is None:
        _show_stack(open_stack(request.place), as_json=request.json)
    else:
        store = WeightStore(request.place)
        _show_version(store, store.open(request.reference), as_json=request.json)
    return 0


def _show_version(store: WeightStore, version: WeightVersion, *, as_json: bool) -> None:
    manifest = version.manifest
    named = store.aliases(manifest.name).readable()
    aliases = sorted(alias for alias, number in named.items() if number == manifest.version)
    if as_json:
        say(json.dumps(asdict(manifest) | {"aliases": aliases}, indent=2))
        return
    # Of whom an imported version learned from nobody knows.
    learned = {} if manifest.imported else {name: len(ids) for name, ids in manifest.stack.subjects.items()}
    made = f"{minute(manifest.created)} by {manifest.created_by}, fesdist {manifest.code_version}"
    rows = [
        ("created", made),
        ("aliases", ", ".join(aliases) or "none"),
        ("model", f"{manifest.model.name} {manifest.model.described}".strip()),
        ("images", f"{' x '.join(map(str, manifest.image_shape))} pixels, colour {manifest.colour}"),
        ("shape", "moves the photograph first" if manifest.shape else "none"),
        (
            "expressions",
            ", ".join(
                f"{name} ({counted(learned[name], 'person')})" if name in learned else name
                for name in manifest.expressions
            ),
        ),
        _source(manifest),
        ("weights", f"{size(version.all_bytes())} in {store.uri}/{manifest.name}/{manifest.data}"),
    ]
    say(manifest.reference)
    table(("", ""), rows)
    say()
    if manifest.imported:
        say("imported, so no errors were measured; `fesdist evaluate` measures them on the people of a stack")
    else:
        print_errors(manifest.measured(RunMetrics))
    tell(kept_in(manifest))


def _source(manifest: Manifest) -> tuple[str, str]:
    """Return what the version was made from: a stack, or files."""
    if files := origins_of(manifest):
        return "imported", ", ".join(f"{file.name} (SHA-256 {file.sha256[:12]})" for file in files)
    return "stack", f"{manifest.stack.path}, fingerprint {manifest.stack.fingerprint[:12]}"


def _show_stack(stack: TrainingStack, *, as_json: bool) -> None:
    known, pairs = stack.people, count_pairs(stack)
    notices = of_people_on_both_sides(known)
    if as_json:
        found: dict[str, Any] = {
            "path": stack.path,
            "spec": asdict(stack.spec),
            "pairs": {name: asdict(count) for name, count in pairs.items()},
            "people": [{"id": each.id, "split": each.split, "expressions": sorted(each.digests)} for each in known],
            "notices": to_records(notices),
        }
        say(json.dumps(found, indent=2))
        return
    spec = stack.spec
    say(f"{stack.path}: {counted(len(known), 'person')}")
    rows = [
        ("images", f"{spec.height} x {spec.width} {'gray' if spec.channels == 1 else 'RGB'} {spec.dtype}"),
        ("normalisation", spec.normalisation),
        ("input", spec.input_expression),
        ("eyes", "not said" if spec.eyes is None else " and ".join(f"{x:.3f}, {y:.3f}" for x, y in spec.eyes)),
        *([("lips", "{:.3f}, {:.3f}".format(*spec.lips))] if spec.lips else []),
        ("held out", counted(sum(each.holdout for each in known), "person")),
    ]
    table(("", ""), rows)
    say()
    print_pairs(pairs)
    tell(notices)
