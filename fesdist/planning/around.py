"""What a run takes before and after its tiles: shape, choice, signatures of people, refinement maps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from fesdist.families.common.contract import AnyModel
from fesdist.ground.alpha_maps import learned_alpha, papers_alpha
from fesdist.ground.evenly import evenly
from fesdist.ground.signature import SIDE
from fesdist.ground.tiles import TileGrid
from fesdist.planning.rehearsal import Costs
from fesdist.shape.field import FlowSums
from fesdist.shape.warping import Displacement
from fesdist.training.choosing import band_stage
from fesdist.training.flows import batches_of, found_flows, kept_flow, pairs_of
from fesdist.training.folds import n_folds
from fesdist.training.job import TrainingJob
from fesdist.training.layout import CHUNK
from fesdist.training.likeness import MOST_PEOPLE, has_likeness, learned_from
from fesdist.training.shaping import JUDGES
from fesdist.training.signatures import SignatureStage
from storage.stack.reading import TrainingStack

ASKED = 8
"""Pairs, at most, of which it is asked whether the stack has their flow already."""


def count_shape(job: TrainingJob, stack: TrainingStack, costs: Costs) -> dict[str, Displacement]:
    """Count what it takes to learn the shapes of a job; return a person's own, in the place of what will be learned."""
    pairs = pairs_of(job)
    asked = [pairs[place] for place in evenly(len(pairs), ASKED)]
    batch = batches_of(pairs, stack)[0]
    list(found_flows(stack, batch[:1]))  # loads the library
    n_known = 0
    with costs("shape", len(pairs) / len(asked)):
        n_known = sum(kept_flow(stack, pair) is not None for pair in asked)
    with costs("shape", len(pairs) / len(batch) * (1 - n_known / len(asked))):
        flow, images = list(found_flows(stack, batch))[-1]
    sums = FlowSums.of(flow)
    with costs("shape", len(pairs)):
        sums = sums + FlowSums.of(flow)
    expressions, folds = job.expressions, n_folds(job.n_samples)
    with costs("shape", len(expressions) * (1 + folds)):
        displacement = sums.displacement()
    with costs("shape", len(expressions) * min(job.n_samples, JUDGES)):
        displacement.applied(images.inputs[None, None])
    return dict.fromkeys(expressions, displacement.at(stack.image_shape))


def count_choice(model: AnyModel, chosen: Sequence[str], job: TrainingJob, stack: TrainingStack, costs: Costs) -> None:
    """Count what it takes to choose hyper-parameters on people left out; see `choosing.choose`."""
    stage = band_stage(model, chosen, job, stack)
    bands, middle = stage.bands, len(stage.bands) // 2
    pieces = bands[middle]
    for group in job.groups:
        with costs("choice", sum(map(len, bands))):
            stage.judged(group, middle, pieces[len(pieces) // 2])


def count_likeness(job: TrainingJob, stack: TrainingStack, costs: Costs) -> None:
    """Count what it takes to add up signatures of the people of a job; see `training.likeness`."""
    if not has_likeness(job):
        return
    alike = {group.samples for group in job.groups}
    people, of_group = (min(len(samples), MOST_PEOPLE) for samples in ({*chain(*alike)}, job.groups[0].samples))
    some = next(iter(stack.blocks(job.groups[0].samples, stack.spec.chunks()[0])))
    with costs("likeness", people / len(some)):
        of_people = SignatureStage(stack.path, job.input_expression, SIDE).work(tuple(some.tolist()))
    found = np.stack(list(of_people.values()))
    folds = np.array_split(np.resize(found, (of_group, *found.shape[1:])), n_folds(of_group))
    with costs("likeness", len(alike)):
        learned_from(folds)


def count_refinement(job: TrainingJob, stack: TrainingStack, costs: Costs) -> None:
    """Count what it takes to make the refinement maps, each of them of one channel."""
    shape = 1, *stack.image_shape
    times = len(job.expressions) * job.colour.weight_channels(stack.channels)
    noise: Any = np.random.default_rng(0).random(shape, np.float32)
    maps = []
    with costs("refinement", times):
        maps.append(papers_alpha(lambda rows: noise[:, rows], shape))
    if job.build_model().has_evidence:
        with costs("refinement", times):
            maps.append(learned_alpha(lambda rows: noise[:, rows], lambda rows: noise[:, rows], shape))
    bands = TileGrid(stack.image_shape, (min(CHUNK, stack.image_shape[0]), stack.image_shape[1]))
    with costs("refinement", times * len(bands)):
        for made in maps:
            made.rows(bands[0].region.slices[0])
