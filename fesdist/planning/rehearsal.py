"""A tile of a plan, rehearsed: its phases run as training runs them, on some of its pixels and with some samples.

Nothing is guessed of a solver: what a phase takes is measured on the job's own images, and how often a run does that
is counted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import chain, groupby, islice
from tempfile import TemporaryDirectory

import numpy as np

from fesdist.families.common.layout import TileArrays
from fesdist.ground.evenly import evenly
from fesdist.ground.tiles import Region, Tile, TileGrid
from fesdist.passes.phases import Clock
from fesdist.shape.warping import Displacement
from fesdist.training.context import TaskContext
from fesdist.training.holding import PIECE
from fesdist.training.images import JobImages
from fesdist.training.job import CutJob, SampleGroup, TrainingJob
from fesdist.training.layout import tile_layouts, weights_spec
from fesdist.training.measuring import Shown, held_out_errors
from fesdist.training.plan import TrainingPlan
from fesdist.training.rows_behind import write_rows
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack

MOST_SAMPLES = 256
"""With more nothing is rehearsed but what grows with their square."""

MOST_HELD_OUT = 64
"""The same of held-out people."""

Now = Callable[[], float]
"""A clock, in seconds."""


@dataclass
class Costs:
    """Seconds that a whole run takes, by phase."""

    now: Now = time.process_time
    enough_seconds: float = 1.5
    """What may be spent on parts of the image that differ from each other, unless two of them take longer."""
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, phase: str, times: float) -> Iterator[None]:
        """Measure the block, which the run does so many times."""
        start = self.now()
        yield
        self.add(phase, self.now() - start, times)

    def add(self, phase: str, seconds: float, times: float) -> None:
        """Count what was measured, which the run does so many times."""
        self.seconds[phase] = self.seconds.get(phase, 0.0) + seconds * times

    def empty(self) -> Costs:
        """Return costs by the same clock, of nothing yet."""
        return Costs(self.now, self.enough_seconds)

    def add_all(self, seconds: Mapping[str, float], times: float, growth: Mapping[str, float] | None = None) -> None:
        """Count what was measured by phase, which the run does so many times, and times `growth` in some phases."""
        for phase, of_phase in seconds.items():
            self.add(phase, of_phase, times * (growth or {}).get(phase, 1.0))

    def clock(self) -> Clock:
        """Return an empty clock for what counts its phases itself."""
        return Clock(self.now)


@dataclass(frozen=True)
class Rehearsal:
    """What is at hand to rehearse one group of expressions."""

    context: TaskContext
    plan: TrainingPlan
    group: SampleGroup
    """With the samples that are rehearsed with."""
    n_samples: int
    """Those of the run."""
    n_held_out: int
    """The run's held-out people, of all expressions of the group."""

    @property
    def growth(self) -> float:
        """Return how many times more samples the run has."""
        return self.n_samples / len(self.group.samples)

    @property
    def held_out(self) -> int:
        """Return the number of held-out people that are rehearsed with."""
        return _n_held_out(self.context.job, self.group)

    @property
    def held_out_growth(self) -> float:
        """Return how many times more held-out people the run has."""
        return self.n_held_out / max(1, self.held_out)

    @property
    def n_tiles(self) -> int:
        """Return the number of the run's tiles."""
        return len(self.plan.grid)

    @property
    def tile(self) -> Tile:
        """Return the tile in the middle of the plan."""
        return _middle(self.plan.grid)

    @property
    def piece(self) -> Tile:
        """Return a piece in the middle of the image, no larger than those in which tiles are solved."""
        rows, cols = (min(PIECE, side) for side in self.plan.image_shape)
        return _middle(TileGrid(self.plan.image_shape, (rows, cols)))

    def times(self, region: Region) -> float:
        """Return how many times the image has the pixels of a region."""
        return math.prod(self.plan.image_shape) / math.prod(region.shape)

    def filled(self, solved: Mapping[str, TileArrays]) -> dict[str, TileArrays]:
        """Return the arrays of the plan's middle tile, filled with the pixels that were solved."""
        layouts = [
            layout
            for layout in tile_layouts(self.context.model, self.context.job.fit(self.context.stack))
            if layout.of_pixels
        ]
        return {
            expression: {
                layout.name: np.resize(arrays[layout.name], layout.shape(self.tile.region.shape)).astype(layout.dtype)
                for layout in layouts
            }
            for expression, arrays in solved.items()
        }

    def judge(
        self,
        tile: Tile,
        solved: Mapping[str, TileArrays],
        people: Iterator[Shown],
        costs: Costs,
        times: float,
        codes: float = 1.0,
    ) -> None:
        """Rehearse how a tile is measured on held-out people, who are read meanwhile; the run does that so many times.

        Its outputs are made from `codes` times as many codes as are rehearsed with.
        """
        clock = costs.clock()
        held_out_errors(self.context, tile, solved, clock.over("read", people), clock)
        costs.add_all(clock.seconds, times * self.held_out_growth, {"held-out": codes})

    def write(self, solved: Mapping[str, TileArrays], costs: Costs) -> None:
        """Rehearse how a tile is written, filled with the pixels that were solved."""
        filled = self.filled(solved)
        with costs("write", self.times(self.tile.region)):
            checksums = write_rows(self.context.draft, filled, self.tile.region, 0, self.tile.region.shape[0])
            self.context.draft.put_receipt("rehearsal", {"checksums": checksums})


@contextmanager
def rehearsals(
    job: TrainingJob, stack: TrainingStack, plan: TrainingPlan, displacements: Mapping[str, Displacement], costs: Costs
) -> Iterator[list[Rehearsal]]:
    """Yield what is at hand for each group of a job, with a store of its own, which is removed afterwards."""
    model = job.build_model()
    with TemporaryDirectory(prefix="fesdist-plan-") as folder:
        draft = WeightStore(folder).draft("plan", "rehearsal")
        with costs("store", 1):
            draft.create(weights_spec(job, stack, plan.chunk), asdict(CutJob(job, plan.tile_shape, plan.chunk)))
        images = JobImages(stack, job.input_expression, displacements)
        holdout = {name: _together(samples, stack, MOST_HELD_OUT) for name, samples in job.holdout.items()}
        context = TaskContext(draft, replace(job, holdout=holdout), stack, model, plan.grid, images, plan.chunk)
        yield [
            Rehearsal(context, plan, _some(group, stack), len(group.samples), _n_held_out(job, group))
            for group in job.groups
        ]


def with_samples(job: TrainingJob, stack: TrainingStack, most: int) -> TrainingJob:
    """Return the job with at most so many samples for each expression, of those that lie together."""
    return replace(job, groups=tuple(_some(group, stack, most) for group in job.groups))


def _some(group: SampleGroup, stack: TrainingStack, most: int = MOST_SAMPLES) -> SampleGroup:
    return replace(group, samples=_together(group.samples, stack, most))


def _together(samples: Sequence[int], stack: TrainingStack, most: int) -> tuple[int, ...]:
    """Return at most so many of some samples, those of a few chunks: each is unpacked for as many as in the run."""
    of_chunk = stack.spec.chunks()[0]
    chunks = [tuple(alike) for _, alike in groupby(samples, lambda sample: sample // of_chunk)]
    n_chunks = math.ceil(most * len(chunks) / max(1, len(samples)))
    chosen = (chunks[place] for place in evenly(len(chunks), n_chunks))
    return tuple(islice(chain.from_iterable(chosen), most))


def _n_held_out(job: TrainingJob, group: SampleGroup) -> int:
    return sum(len(job.holdout.get(expression, ())) for expression in group.expressions)


def _middle(grid: TileGrid) -> Tile:
    return grid[grid.shape[0] // 2 * grid.shape[1] + grid.shape[1] // 2]
