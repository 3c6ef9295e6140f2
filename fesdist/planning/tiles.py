"""What all tiles of a run take: read, added up, solved, judged on held-out people, written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fesdist.families.common.image_pass import ImagePass, Prepared
from fesdist.planning.rehearsal import Costs, Rehearsal
from fesdist.training.image_stage import region_images
from fesdist.training.measuring import held_people, streamed_people
from fesdist.training.solving import hold_samples, solve_held, solve_streamed

READ = 64
"""Samples, at most, with which reading is rehearsed."""


def count_tiles(rehearsal: Rehearsal, costs: Costs) -> None:
    """Count what the tiles of one group take; raises as reading the stack does."""
    if rehearsal.plan.holds:
        _held(rehearsal, costs)
    else:
        _streamed(rehearsal, {}, costs)


def count_image_pass(rehearsal: Rehearsal, image_pass: ImagePass[Any], costs: Costs) -> None:
    """Count what the pass over the image and the tiles take of a model that has one; raises as reading the stack does.

    Products of images grow with the square of their number, and their solution with its cube.
    """
    context, group, piece = rehearsal.context, rehearsal.group, rehearsal.piece
    growth, notes = rehearsal.growth, context.draft.notes
    job = replace(context.job, groups=(group,))
    with costs("image pass", growth * rehearsal.times(piece.region)):
        images = region_images(context.images, job, group, piece.region)
    with costs("image pass", growth**2 * rehearsal.times(piece.region)):
        found = image_pass.find(images, job.colour)
    with costs("image pass", growth**2 * rehearsal.n_tiles):
        notes.put("part", found.arrays())
        image_pass.restore(notes.get("part") or {})
    with costs("image pass", growth**3):
        prepared = image_pass.finish(found, group.expressions, job.fit(context.stack))
    _streamed(rehearsal, prepared, costs)


def _held(rehearsal: Rehearsal, costs: Costs) -> None:
    context, group = rehearsal.context, rehearsal.group
    whole, piece = rehearsal.tile, rehearsal.piece
    few = replace(group, samples=group.samples[:READ])
    people, of_them = rehearsal.n_samples + rehearsal.n_held_out, len(few.samples) + rehearsal.held_out
    with costs("read", people / of_them * rehearsal.times(whole.region)):
        hold_samples(context, whole, few)
    clock, times = costs.clock(), rehearsal.times(piece.region)
    held = hold_samples(context, piece, group)
    solved = solve_held(context, piece, group, held, clock)
    costs.add_all(clock.seconds, times, {"sums": rehearsal.growth})
    rehearsal.judge(piece, solved, held_people(context, piece, held), costs, times)
    rehearsal.write(solved, costs)


def _streamed(rehearsal: Rehearsal, prepared: Mapping[str, Prepared], costs: Costs) -> None:
    context, group, piece = rehearsal.context, rehearsal.group, rehearsal.piece
    clock, times = costs.clock(), rehearsal.times(piece.region)
    solved = solve_streamed(context, piece, group, prepared, rehearsal.plan.n_block, clock)
    # Codes may be as many as samples, and each of them sums up all samples.
    codes = _stored(rehearsal, rehearsal.n_samples) / _stored(rehearsal, len(group.samples))
    growth = rehearsal.growth
    costs.add_all(clock.seconds, times, {"read": growth, "sums": growth * codes, "solve": codes})
    people = streamed_people(context, piece, group.expressions, prepared, rehearsal.plan.n_block)
    rehearsal.judge(piece, solved, people, costs, times, codes)
    rehearsal.write(solved, costs)


def _stored(rehearsal: Rehearsal, n_samples: int) -> int:
    """Return the bytes that a pixel's weights take of so many samples."""
    fit = replace(rehearsal.context.job.fit(rehearsal.context.stack), n_samples=n_samples)
    return sum(layout.bytes_per_pixel for layout in rehearsal.context.model.layout(fit))
