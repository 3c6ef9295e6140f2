"""Inputs are moved by the displacements of their job, in any region as in the whole image, and the plan counts it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.ground.tiles import Region, TileGrid
from fesdist.training.holding import held_memory
from fesdist.training.images import JobImages
from fesdist.training.job import CutJob, SampleGroup, define_job
from fesdist.training.plan import make_plan, plan_with_cut
from fesdist.training.shaping import learn_shapes
from storage.stack.reading import TrainingStack
from tests.fesdist.training.conftest import SHAPE, shaped_request

GIB = 1 << 30


@pytest.fixture(scope="module")
def images(moving_stack: Path) -> JobImages:
    """Return the images of a job with shapes, of the moving stack."""
    opened = TrainingStack.open(str(moving_stack))
    job, _ = learn_shapes(define_job(shaped_request(moving_stack, moving_stack), opened), opened, InProcessCluster())
    assert [group.expressions for group in job.groups] == [("happy",), ("sad",)]
    return JobImages.of(job, opened)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("region", [Region(0, 72, 0, 130), Region(10, 30, 0, 20), Region(50, 72, 101, 130)], ids=str)
def test_inputs_of_a_region_are_those_of_the_whole_image(images: JobImages, region: Region, mirrored: bool) -> None:
    samples = [1, 4]
    photographs = images.photographs(samples, Region(0, SHAPE[0], 0, SHAPE[1]))
    targets = images.stack.read("sad", samples, slice(0, SHAPE[0]), slice(0, SHAPE[1]))
    if mirrored:
        photographs, targets = photographs[..., ::-1], targets[..., ::-1]
    moved = images.displacements["sad"].applied(photographs)
    assert np.array_equal(images.inputs("sad", samples, region, mirrored=mirrored), moved[..., *region.slices])
    assert np.array_equal(images.targets("sad", samples, region, mirrored=mirrored), targets[..., *region.slices])


@pytest.mark.parametrize(
    ("name", "region"), [("sad", Region(10, 30, 0, 20)), ("sad", Region(10, 30, 0, 130)), (None, Region(0, 9, 0, 130))]
)
def test_mirror_images_alone_are_those_that_follow_the_photographs(
    images: JobImages, name: str | None, region: Region
) -> None:
    """Of a moved expression, and of images that are not moved in a region that is its own mirror image."""
    of = images if name else replace(images, displacements={})
    group = SampleGroup((name or "happy",), (0, 1, 3, 5))
    both = list(of.blocks(group, region, region, 3, mirror=True))
    alone = list(of.blocks(group, region, region, 3, mirror=True, plain=False))
    plain = list(of.blocks(group, region, region, 3))
    assert len(both) == 2 * len(plain) == 2 * len(alone) == 4
    for found, expected in zip([*plain, *alone], [*both[::2], *both[1::2]], strict=True):
        assert found[0] == expected[0]
        assert found[1].people == expected[1].people
        assert np.array_equal(found[1].inputs, expected[1].inputs)
        assert np.array_equal(found[1].targets[group.expressions[0]], expected[1].targets[group.expressions[0]])


def test_the_plan_counts_what_moving_takes(moving_stack: Path, images: JobImages) -> None:
    opened = TrainingStack.open(str(moving_stack))
    job = define_job(shaped_request(moving_stack, moving_stack), opened)
    planned = job.planned_shape()
    assert [group.expressions for group in planned.groups] == [("happy",), ("sad",)]
    alone = replace(planned, displacements={})
    tile = (64, 65)
    with_shape, without = (plan_with_cut(opened, GIB, CutJob(each, tile)) for each in (planned, alone))
    assert with_shape.stored_bytes - without.stored_bytes == 2 * 2 * 4 * SHAPE[0] * SHAPE[1]
    region = TileGrid(SHAPE, tile)[0].region
    source = images.displacements["happy"].positions(region).source
    photographs = images.photographs(range(with_shape.n_block), source)
    kept = images.displacements["happy"].values.nbytes
    assert with_shape.projected_bytes - without.projected_bytes >= kept
    moved, still = (
        held_memory(planned.build_model(), planned.fit(opened), tile, 0, with_shape.n_block, moved=moved)
        for moved in (True, False)
    )
    extra = photographs.nbytes + 2 * 4 * region.shape[0] * region.shape[1]
    assert moved.phase("reading").nbytes - still.phase("reading").nbytes >= extra
    assert make_plan(planned, opened, GIB, 1).projected_bytes > make_plan(alone, opened, GIB, 1).projected_bytes
