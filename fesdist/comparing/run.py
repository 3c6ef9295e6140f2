"""A whole comparison: every entrant trained for every change of expression, measured, and stored as it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fesdist.cluster.connect import open_cluster
from fesdist.cluster.settings import Cluster, ClusterSettings
from fesdist.comparing.entrants import Entrant
from fesdist.comparing.measurement import Measurement
from fesdist.comparing.result import ComparisonResult, result_of
from fesdist.comparing.sizes import size_of
from fesdist.comparing.speed import SpeedStage
from fesdist.comparing.units import Direction, Unit, changes_of, make_units
from fesdist.comparing.warm_up import warm_up
from fesdist.evaluation.confusion import accuracy
from fesdist.evaluation.evaluate import evaluate
from fesdist.evaluation.looks import REAL
from fesdist.ground.colour import Colour
from fesdist.ground.errors import ClusterError, FesdistError
from fesdist.ground.measures import REGIONS
from fesdist.ground.share import Progress
from fesdist.passes.stage import results
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from storage.errors import FormatError, NoSpaceError, StorageError
from storage.stack.reading import TrainingStack


@dataclass(frozen=True)
class ComparisonRequest:
    """What a user asks for."""

    stack: str
    store: str
    entrants: tuple[Entrant, ...]
    colour: Colour = Colour.SHARED
    direction: Direction = "both"
    expressions: tuple[str, ...] | None = None
    """Targets of the stack; all when None."""


def compare(
    request: ComparisonRequest, settings: ClusterSettings, *, on_progress: Progress | None = None
) -> ComparisonResult:
    """Train and measure every entrant for every change of expression, and keep each measurement as it ends.

    What an earlier comparison measured on equal images with equal settings is not repeated. A unit that was
    interrupted starts anew, as its time is a part of the result. One that fails is a cell that says why; a cluster
    that is gone and a full disk end the comparison. `on_progress` gets units done, all units, and the next one.

    Raises BadParameterError for unknown expressions and for changes on which nobody held out could be measured,
    FormatError for a measurement that cannot be read, ClusterError and NoSpaceError.
    """
    stack, store = TrainingStack.open(request.stack), WeightStore(request.store)
    directions = changes_of(stack, request.direction, request.expressions)
    changes = [change for found in directions.values() for change in found]
    units = make_units(stack, store.uri, request.entrants, changes, request.colour)
    stored = {unit: _stored(store, unit) for unit in units}
    outcomes: dict[Unit, Measurement | str] = {unit: found for unit, found in stored.items() if found is not None}
    pending = [unit for unit in units if unit not in outcomes]
    if pending:
        with open_cluster(settings, on_progress) as cluster:
            bench = _Bench(stack, store, cluster, settings)
            for unit in pending:
                if on_progress:
                    on_progress(len(outcomes), len(units), str(unit))
                outcomes[unit] = bench.outcome(unit)
    return result_of(request.entrants, directions, {unit: outcomes[unit] for unit in units})


def _stored(store: WeightStore, unit: Unit) -> Measurement | None:
    records = store.comparisons(unit.request.name)
    try:
        record = records.get(unit.key)
        return None if record is None else Measurement.from_record(record, records.where(unit.key))
    except FormatError as error:
        raise FormatError(f"{error}; remove it to measure again") from error


class _Bench:
    """Where units are trained and measured, one after the other."""

    def __init__(self, stack: TrainingStack, store: WeightStore, cluster: Cluster, settings: ClusterSettings) -> None:
        self._stack = stack
        self._store = store
        self._cluster = cluster
        self._settings = settings

    def outcome(self, unit: Unit) -> Measurement | str:
        """Return what was measured, which is in the store by then, or why it could not be."""
        try:
            self._warm_up(unit.entrant, unit.request.colour)
            measurement = self._measure(unit)
            self._store.comparisons(unit.request.name).put(unit.key, measurement.to_record())
        except (ClusterError, NoSpaceError):
            raise
        except (FesdistError, StorageError) as error:
            return str(error)
        return measurement

    def _warm_up(self, entrant: Entrant, colour: Colour) -> None:
        for_this: tuple[Any, ...] = entrant.model, entrant.shape, colour, self._stack.spec
        warm_up(*for_this)
        # Each time, as workers come and go; those that are warm answer at once.
        self._cluster.on_every_worker(warm_up, *for_this)

    def _measure(self, unit: Unit) -> Measurement:
        name, expression, memory = unit.request.name, unit.change.after, self._settings.memory
        self._store.clean(name)
        trained = train(unit.request, self._cluster, memory=memory)
        reference = f"{name}@{trained.version}"
        here = ClusterSettings(workers=0, memory=memory)
        evaluation = evaluate(self._stack.path, self._store.uri, reference, expressions=[expression], cluster=here)
        (scores,) = evaluation.expressions
        size = size_of(self._store.open(reference), expression)
        statuses = trained.metrics.expressions[expression].statuses
        return Measurement(
            version=trained.version,
            people=len(scores.people),
            mse_x100={
                method: {region: scores.mean(method, region, "mse_x100") for region in REGIONS}
                for method in scores.methods
            },
            parameters=size.parameters,
            stored_bytes=size.stored_bytes,
            training_seconds=trained.seconds / len(trained.metrics.expressions),
            synthesis_seconds=self._synthesis_seconds(reference, expression),
            unsolved=sum(number for status, number in statuses.items() if status),
            seen={method: scores.seen(method) for method in (REAL, *scores.methods)},
            classifier_right=accuracy(evaluation),
        )

    def _synthesis_seconds(self, reference: str, expression: str) -> float:
        stage = SpeedStage(self._store.uri, self._stack.path, expression, self._settings.array_bytes)
        (seconds,) = results(stage, [reference], self._cluster)
        return seconds
