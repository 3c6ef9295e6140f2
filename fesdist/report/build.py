"""Builds the report of a version: one HTML file that needs nothing else, written whole or not at all."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from fesdist.cluster.settings import DEFAULT_MEMORY, array_bytes
from fesdist.evaluation.comparison import Comparer
from fesdist.evaluation.document import Evaluation
from fesdist.evaluation.people import check_fit
from fesdist.exports.page.beside import page_beside
from fesdist.ground.errors import BadParameterError
from fesdist.ground.files import write_whole
from fesdist.ground.metrics import RunMetrics
from fesdist.ground.notices import Notice, counted_notice, noticed
from fesdist.ground.share import Progress
from fesdist.inference.checked import CheckedVersion
from fesdist.report.facts import facts, headline
from fesdist.report.flame_chart import flame_chart
from fesdist.report.looks_section import judgement
from fesdist.report.misaligned import misaligned_people
from fesdist.report.section import build_section
from fesdist.report.template import template
from fesdist.report.tuning_section import tuning_section
from fesdist.training.notices import kept_in
from storage.datasets.manifest import Manifest
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from storage.errors import FormatError, StorageError
from storage.stack.reading import TrainingStack


@dataclass(frozen=True)
class Unmeasured:
    """What is not known of a version's errors, and the command that finds it."""

    lacks: str
    command: str
    finds: str

    @classmethod
    def of(cls, manifest: Manifest, store: str) -> Unmeasured:
        """Return what is not known of a version that was not evaluated."""
        command = shlex.join(["fesdist", "evaluate", manifest.stack.path or "STACK", store, manifest.reference])
        metrics = manifest.measured(RunMetrics)
        if manifest.imported or not metrics.expressions:
            return cls(f"{manifest.reference} was not measured", command, "measures it on held-out people")
        if any(facts.face for facts in metrics.expressions.values()):
            lacks = f"{manifest.reference} was measured by its training only, on held-out people"
            return cls(lacks, command, "adds sharpness and likeness, and two baselines, to the next report")
        return cls(
            f"{manifest.reference} learned from everybody, so its errors on others are not known",
            f"{command} --photographs FOLDER",
            "looks at what it makes of other photographs",
        )


@dataclass(frozen=True)
class Report:
    """What was written."""

    reference: str
    """Name and number of the version."""
    path: Path
    n_bytes: int
    missing: str
    """Why there are no faces in it, or "" if there are."""
    unmeasured: Unmeasured | None
    """None of a version that was evaluated."""
    damaged: tuple[Notice, ...] = ()
    """Evaluations that cannot be read."""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Return what the report lacks."""
        lacks = self.unmeasured
        told = f"{lacks.lacks}; `{lacks.command}` {lacks.finds}" if lacks else ""
        return (
            *counted_notice("left out", f"the report has no faces: {self.missing}", int(bool(self.missing))),
            *counted_notice("left out", told, int(bool(told))),
            *self.damaged,
        )


def write_report(
    store_uri: str,
    reference: str,
    out: str | Path,
    *,
    stack_path: str | None = None,
    people: int = 6,
    memory: int = DEFAULT_MEMORY,
    on_progress: Progress | None = None,
) -> Report:
    """Write the report of a version to `out`, and return what is in it.

    `reference` is "name", "name@3" or "name@alias". Faces come from `stack_path`, or from the stack that the
    version was trained on when None; errors from the newest evaluation that the store keeps. If the stack cannot
    be read or does not fit, the report comes without faces and says why. `memory` is what this process may use, in
    bytes.

    Raises BadParameterError for fewer than one person, a folder, or a file that cannot be written, and what
    `CheckedVersion` does.
    """
    if Path(out).is_dir():
        raise BadParameterError(f"{out} is a folder; expected a file to write, such as {Path(out) / 'report.html'}")
    if people < 1:
        raise BadParameterError(f"people is {people}; expected 1 or more people in the gallery")
    store = WeightStore(store_uri)
    version = store.open(reference)
    manifest, checked = version.manifest, CheckedVersion(version)
    evaluation, damaged = newest_evaluation(store, manifest.name, manifest.version)
    for_images = array_bytes(memory)
    comparer, missing = _comparer(version, stack_path or manifest.stack.path, for_images)
    misaligned = {}
    if comparer is not None:
        try:
            misaligned = misaligned_people(version, comparer.stack, for_images)
        except FormatError as error:  # of a photograph that teaches: no other is shown beside it
            comparer, missing = None, str(error)
    unmeasured = None if evaluation is not None else Unmeasured.of(manifest, store_uri)
    sections = []
    for expression in version.expressions:
        checked.arrays(expression)
        of_pairs = misaligned.get(expression)
        sections.append(build_section(version, expression, comparer, missing, evaluation, of_pairs, people))
        if on_progress is not None:
            on_progress(len(sections), len(version.expressions), expression)
    aliases = store.aliases(manifest.name).readable()
    page = (
        template(Path(__file__).with_name("report.html"))
        .render(
            manifest=manifest,
            headline=headline(manifest),
            aliases=sorted(alias for alias, number in aliases.items() if number == manifest.version),
            facts=list(facts(version)),
            evaluation=evaluation,
            unmeasured=unmeasured,
            missing=missing,
            notices=(*kept_in(manifest), *(evaluation.notices if evaluation else ()), *damaged),
            export=shlex.join(["fesdist", "export", store_uri, manifest.reference, f"{manifest.name}.html"]),
            page=page_beside(Path(out), manifest.reference),
            sections=sections,
            tuning=tuning_section(manifest),
            timing=flame_chart(manifest.measured(RunMetrics)),
            judgement=judgement(evaluation, comparer, people),
        )
        .encode(errors="backslashreplace")  # names of files may be no text
    )
    write_whole(Path(out), page, "the report")
    return Report(manifest.reference, Path(out), len(page), missing, unmeasured, damaged)


def newest_evaluation(store: WeightStore, name: str, number: int) -> tuple[Evaluation | None, tuple[Notice, ...]]:
    """Return the newest evaluation of a version on held-out people, else the newest of all, else None.

    With it comes a notice about those that are damaged, among which a newer one may be.
    """
    records, errors = store.evaluations(name, number).readable()
    damaged, evaluations = {key: str(error) for key, error in errors.items()}, []
    for key, record in records.items():
        try:
            evaluations.append(Evaluation.from_record(record))
        except FormatError as error:
            damaged[key] = str(error)
    newest = max(evaluations, key=lambda found: (found.split == "holdout", found.created), default=None)
    return newest, noticed("left out", "{n evaluation} cannot be read; `fesdist evaluate` makes one anew", damaged)


def _comparer(version: WeightVersion, stack_path: str, array_bytes: int) -> tuple[Comparer | None, str]:
    if not stack_path:
        return None, "the version was imported, so there is no stack that it was trained on"
    try:
        stack = TrainingStack.open(stack_path)
        check_fit(stack, version)
    except (StorageError, OSError, BadParameterError) as error:
        return None, str(error)
    return Comparer(stack, version, array_bytes), ""
