"""What a run takes before and after its tiles: shape, choice, a look at all images, refinement maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from fesdist.families.common.contract import AnyModel
from fesdist.ground import misalignment
from fesdist.ground.alpha_maps import learned_alpha, papers_alpha
from fesdist.ground.evenly import evenly
from fesdist.ground.signature import SIDE
from fesdist.ground.tiles import TileGrid
from fesdist.planning.rehearsal import Costs
from fesdist.shape.field import FlowSums
from fesdist.shape.warping import Displacement
from fesdist.training.choosing import band_stage, judgeable, kept_bytes
from fesdist.training.flows import batches_of, found_flows, kept_flow, pairs_of
from fesdist.training.folds import n_folds
from fesdist.training.job import TrainingJob
from fesdist.training.likeness import has_likeness, likeness_of
from fesdist.training.shaping import JUDGES
from fesdist.training.survey import SurveyStage, asked_of, blocks_of
from storage.stack.reading import TrainingStack

ASKED = 8
"""Pairs, at most, of which it is asked whether the stack has their flow already."""


def count_shape(job: TrainingJob, stack: TrainingStack, costs: Costs) -> dict[str, Displacement]:
    """Count what it takes to learn the shapes of a job; return a person's own, in the place of what will be learned."""
    pairs = pairs_of(job)
    asked = [pairs[place] for place in evenly(len(pairs), ASKED)]
    batch = batches_of(pairs, stack)[0]
    list(found_flows(stack, batch[:1]))  # loads the library
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
    judges = max(1, min(job.n_samples, JUDGES) // folds)
    with costs("shape", len(expressions) * folds):
        displacement.applied(np.repeat(images.inputs[None, None], judges, axis=0))
    return dict.fromkeys(expressions, displacement.at(stack.image_shape))


def count_choice(
    model: AnyModel, chosen: Sequence[str], job: TrainingJob, stack: TrainingStack, array_bytes: int, costs: Costs
) -> None:
    """Count what it takes to choose hyper-parameters on people left out; see `choosing.choose`.

    A piece and its mirror image are judged, as those of a band read the same chunks.
    """
    job = judgeable(job)
    if not job.groups:
        return
    stage = replace(band_stage(model, chosen, job, stack), kept_bytes=kept_bytes(array_bytes, 1))
    bands, middle = stage.bands, len(stage.bands) // 2
    pieces, opened = bands[middle], stage.opened()
    some = {len(pieces) // 2, len(pieces) - 1 - len(pieces) // 2}
    for group in job.groups:
        with costs("choice", sum(map(len, bands)) / len(some)):
            for place in some:
                stage.judged_piece(opened, group, middle, pieces[place])


def count_survey(job: TrainingJob, stack: TrainingStack, array_bytes: int, costs: Costs) -> None:
    """Count what it takes to look at all images of a job, at how they lie, and who is like whom; see `survey`."""
    alike, samples = {group.samples for group in job.groups}, job.groups[0].samples
    n_images = len({*chain(*alike)}) + sum(len(group.samples) * len(group.expressions) for group in job.groups)
    block = blocks_of(stack, {job.input_expression: samples}, array_bytes, {})[0]
    with costs("survey", n_images / len(block.samples)):
        of_people = list(SurveyStage(stack.path, job.fingerprint, array_bytes).work(block).values())
    asked = len(asked_of(samples))
    if misalignment.SIDE in of_people[0].signatures:
        pictures = np.stack([seen.signatures[misalignment.SIDE] for seen in of_people])
        of_asked = np.resize(pictures, (asked, *pictures.shape[1:]))
        with costs("likeness", len(job.expressions)):
            misalignment.misalignments(of_asked, of_asked[::-1])
    if has_likeness(job):
        found = np.stack([seen.signatures[SIDE] for seen in of_people])
        folds = np.array_split(np.resize(found, (asked, *found.shape[1:])), n_folds(asked))
        with costs("likeness", len(alike)):
            likeness_of(folds)


def count_refinement(job: TrainingJob, stack: TrainingStack, chunk: int, costs: Costs) -> None:
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
    bands = TileGrid(stack.image_shape, (min(chunk, stack.image_shape[0]), stack.image_shape[1]))
    with costs("refinement", times * len(bands)):
        for made in maps:
            made.rows(bands[0].region.slices[0])
