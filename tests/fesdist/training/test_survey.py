"""What is looked at before a training: each image once, chunk by chunk, against its digest."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from fesdist.cluster.in_process import InProcessCluster
from fesdist.ground import misalignment
from fesdist.ground.exposure import Exposure, light_of
from fesdist.ground.signature import SIDE, signature, signatures_of
from fesdist.inference.lit import exposure_of
from fesdist.registry import MaskedRegression
from fesdist.simd.grays import gray_across
from fesdist.training import survey as surveying
from fesdist.training.job import Shape, TrainingJob, TrainingRequest, define_job
from fesdist.training.run import train
from fesdist.training.survey import Block, blocks_of, bytes_at_once, survey
from storage.blobs.names import FLOWS
from storage.datasets.store import WeightStore
from storage.errors import FormatError
from storage.stack.reading import TrainingStack
from tests.fesdist.training.stacks import write_stack

ROOM, HUGE = 1 << 20, 1 << 30


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", people=12, lacking={"sad": (0, 1)})


def _job(stack: Path) -> tuple[TrainingJob, TrainingStack]:
    opened = TrainingStack.open(stack)
    return define_job(TrainingRequest(str(stack), "", "faces", MaskedRegression.with_window(1)), opened), opened


def test_what_is_seen_is_of_the_images_that_teach(stack: Path) -> None:
    job, opened = _job(stack)
    found = survey(job, opened, InProcessCluster(), ROOM)
    assert set(found) == {"neutral", "happy", "sad"}
    for expression, by_sample in found.items():
        taught = opened.samples("happy" if expression == "neutral" else expression).tolist()
        assert sorted(by_sample) == taught
        images = opened.read(expression, taught, slice(0, 40), slice(0, 40))
        for sample, image in zip(taught, images, strict=True):
            seen = by_sample[sample]
            assert (seen.brightness, seen.contrast) == tuple(values[0] for values in light_of(image[None]))
            assert seen.signatures.keys() == {SIDE, misalignment.SIDE}
            for side, found_signature in seen.signatures.items():
                assert np.array_equal(found_signature, signature(image, side))


def test_of_many_images_all_are_read_and_some_are_asked(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveying, "MOST_ASKED", 3)
    read: list[Block] = []
    work = surveying.SurveyStage.work

    def watched(stage: surveying.SurveyStage, key: Block) -> object:
        read.append(key)
        return work(stage, key)

    monkeypatch.setattr(surveying.SurveyStage, "work", watched)
    job, opened = _job(stack)
    found = survey(job, opened, InProcessCluster(), ROOM)
    assert {len(by_sample) for name, by_sample in found.items() if name != "neutral"} == {3}
    for expression in ("happy", "sad"):
        everybody = [sample for block in read if block.expression == expression for sample in block.samples]
        assert everybody == opened.samples(expression).tolist()


def test_blocks_fit_the_memory_and_the_chunks(stack: Path) -> None:
    opened = TrainingStack.open(stack)
    image_bytes, of_chunk = 40 * 40 * 3, opened.spec.chunks()[0]
    for array_bytes, at_most in ((0, 1), (4 * image_bytes, 2), (1 << 30, of_chunk)):
        blocks = blocks_of(opened, {"happy": [3, 4, 7]}, array_bytes, {"happy": range(12)})
        assert [sample for block in blocks for sample in block.samples] == list(range(12))
        assert [sample for block in blocks for sample in block.asked] == [3, 4, 7]
        assert max(len(block.samples) for block in blocks) == min(at_most, 12)


def test_what_is_alive_at_once_is_counted(stack: Path) -> None:
    opened = TrainingStack.open(stack)
    image_bytes, of_chunk = 40 * 40 * 3, opened.spec.chunks()[0]
    for array_bytes, images in ((6 * image_bytes, 6), (1 << 30, of_chunk + 2)):
        assert bytes_at_once(opened, array_bytes) == images * image_bytes
    # One image and its bands have to do with less than they would take as a whole.
    assert bytes_at_once(opened, image_bytes) == image_bytes


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_signature_takes_no_more_than_is_counted(channels: int, dtype: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (channels, 512, 512)).astype(dtype)
    sides = (SIDE, misalignment.SIDE)
    signatures_of([image], sides, gray_across)  # compiles
    tracemalloc.start()
    try:
        signatures_of([image], sides, gray_across)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < surveying._AT_WORK * image.nbytes


def test_images_too_small_to_be_misaligned_have_no_large_signature(tmp_path: Path) -> None:
    job, opened = _job(write_stack(tmp_path / "small.zarr", side=misalignment.SIDE - 1, people=3))
    found = survey(job, opened, InProcessCluster(), ROOM)
    assert {side for by_sample in found.values() for seen in by_sample.values() for side in seen.signatures} == {SIDE}


def test_images_that_do_not_fit_are_looked_at_in_bands(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, opened = _job(stack)
    expected = survey(job, opened, InProcessCluster(), ROOM)
    spec = type(opened.spec)
    # Rows of 16, as if chunks were so small: an image of 40 rows comes in three bands.
    monkeypatch.setattr(spec, "chunks", lambda _: (12, 3, 16, 40))
    checked: list[tuple[str, int]] = []
    check = TrainingStack.check
    monkeypatch.setattr(TrainingStack, "check", lambda self, *image: (checked.append(image), check(self, *image))[1])
    found = survey(job, opened, InProcessCluster(), 0)
    assert sorted(checked) == [(name, sample) for name in sorted(found) for sample in sorted(found[name])]
    for name, by_sample in expected.items():
        for sample, seen in by_sample.items():
            in_bands = found[name][sample]
            assert (in_bands.brightness, in_bands.contrast) == (seen.brightness, seen.contrast)
            assert all(np.array_equal(in_bands.signatures[side], each) for side, each in seen.signatures.items())


@pytest.mark.parametrize("room", [0, ROOM], ids=["in bands", "whole"])
def test_an_image_that_was_changed_is_refused(tmp_path: Path, room: int) -> None:
    path = write_stack(tmp_path / "stack.zarr", people=4, expressions=("happy",))
    job, opened = _job(path)
    images: Any = zarr.open_array(path / "happy", mode="r+")
    sample = int(opened.samples("happy")[1])
    images[sample, 1, 3, 4] = 255 - images[sample, 1, 3, 4]
    with pytest.raises(FormatError, match=f"not as they were stored, the first is happy of person{sample:02d}"):
        survey(job, TrainingStack.open(path), InProcessCluster(), room)
    request = TrainingRequest(str(path), str(tmp_path / "weights"), "faces", MaskedRegression.with_window(1))
    with pytest.raises(FormatError, match="not as they were stored"):
        train(replace(request, shape=Shape.YES, chosen=("ridge",)), InProcessCluster(), memory=1 << 30)
    assert not (path / FLOWS).exists(), "flows of changed pixels would be kept for those that were stored"
    assert WeightStore(request.store).drafts() == []


def test_a_version_says_in_what_light_it_learned(stack: Path, tmp_path: Path) -> None:
    store = str(tmp_path / "weights")
    train(TrainingRequest(str(stack), store, "faces", MaskedRegression.with_window(1)), InProcessCluster(), memory=HUGE)
    opened = TrainingStack.open(stack)
    # Who teaches nothing but "sad" teaches "happy" as well, so these are all.
    taught = opened.read("neutral", opened.samples("happy"), slice(0, 40), slice(0, 40))
    expected = Exposure.of(*(values.tolist() for values in light_of(taught)))
    assert 0 < expected.brightness < 1
    assert exposure_of(WeightStore(store).open("faces").manifest) == expected
