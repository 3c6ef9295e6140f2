"""The facts at the head of a report: which version, from whom, from what, how large."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fesdist.exports.npz.origin import origins_of
from fesdist.families.windowed.ridge_map import checked_ridge, in_words
from fesdist.ground.counting import counted
from fesdist.ground.metrics import RunMetrics
from fesdist.ground.status import Status, troubles
from fesdist.inference.checked import conventions_of
from fesdist.registry import model_from_parameters
from fesdist.report.reduced import stored_arrays
from fesdist.training.shaping import LearnedShape
from storage.blobs.documents import convert
from storage.datasets.manifest import Manifest
from storage.datasets.version import WeightVersion


@dataclass(frozen=True)
class Fact:
    """A name, what it is, and a second line in smaller letters."""

    name: str
    value: str
    note: str = ""


def headline(manifest: Manifest) -> str:
    """Return what the version is in one line."""
    model = model_from_parameters(manifest.model.name, manifest.model.parameters)
    rows, cols = manifest.image_shape
    return f"{manifest.model.name.upper()} · {model.describe()} · {manifest.colour} · {rows} × {cols} pixels"


def facts(version: WeightVersion) -> Iterator[Fact]:
    """Yield the facts of a version that its manifest and the metadata of its arrays tell."""
    manifest = version.manifest
    subjects = manifest.stack.subjects
    everybody = {person for ids in subjects.values() for person in ids}
    yield Fact("Published", _when(manifest.created), f"by {manifest.created_by}, fesdist {manifest.code_version}")
    for file in origins_of(manifest):
        yield Fact("Imported", file.name, f"SHA-256 {file.sha256[:16]}")
    if not manifest.imported:
        yield Fact("Learned from", counted(len(everybody), "person"), counted(len(subjects), "expression"))
        yield Fact("Training stack", manifest.stack.path, f"fingerprint {manifest.stack.fingerprint[:16]}")
    normalisation = conventions_of(version).normalisation
    yield Fact(
        "Settings",
        _settings(manifest.model.parameters),
        f"colour {manifest.colour}, {'no' if normalisation == 'none' else normalisation} normalisation",
    )
    for expression, shape in _shapes(manifest).items():
        overlap = f"; without overlap: {counted(len(shape.unusable), 'pair')}" if shape.unusable else ""
        moves = f"moves by up to {shape.largest:.1f} pixels"
        yield Fact(f"Shape of {expression}", moves, f"from {counted(shape.people, 'person')}{overlap}")
    files = f"{counted(len(version.checksums), 'file')} with checksums"
    yield Fact("Weights", _megabytes(_stored_bytes(version)), files)
    yield from _run_facts(manifest.measured(RunMetrics))


def _shapes(manifest: Manifest) -> Mapping[str, LearnedShape]:
    return convert(dict[str, LearnedShape], manifest.shape or {}, f"shape of {manifest.reference}")


def _settings(parameters: Mapping[str, Any]) -> str:
    return ", ".join(_setting(name, value) for name, value in sorted(parameters.items()))


def _setting(name: str, value: Any) -> str:
    if name == "ridge":
        return in_words(checked_ridge(value))
    return f"{len(value)} {name}" if isinstance(value, list) else f"{name} {value}"


def _run_facts(metrics: RunMetrics) -> Iterator[Fact]:
    if metrics.tiles:
        peak = f"{_megabytes(metrics.peak_bytes)} of memory at most" if metrics.peak_bytes else ""
        if metrics.projected_bytes:
            peak += f", {_megabytes(metrics.projected_bytes)} projected"
        yield Fact("Training", f"{counted(metrics.tiles, 'tile')}, {metrics.tile_seconds:.1f} s of computing", peak)
    statuses = metrics.statuses()
    if statuses:
        solved = f"{statuses[Status.SOLVED]:,} of {statuses.total():,}"
        yield Fact(
            "Regressions solved",
            solved,
            "; ".join(status.told(statuses[status]) for status in troubles(statuses)) or "none failed",
        )


def _stored_bytes(version: WeightVersion) -> int:
    return sum(
        array.dtype.itemsize * array.size
        for expression in version.expressions
        for array in stored_arrays(version, expression).values()
    )


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes < 1e9 else f"{n_bytes / 1e9:.2f} GB"


def _when(created: str) -> str:
    try:
        return f"{datetime.fromisoformat(created):%d %B %Y, %H:%M} UTC".lstrip("0")
    except ValueError:  # of a version that others made
        return created
