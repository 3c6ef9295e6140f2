"""A loaded version makes what its weights say, in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError, ImageError
from fesdist.inference.bands import BandCache
from fesdist.inference.checked import CheckedVersion
from fesdist.inference.loaded import LoadedVersion
from storage.datasets.store import WeightStore
from storage.errors import CorruptChunkError, FormatError
from tests.conftest import REPOSITORY
from tests.fesdist.inference.conftest import Publish

TOLERANCE = 2e-6
GENERATOR = np.random.default_rng(3)
COLOUR = GENERATOR.integers(0, 256, (5, 3, 24, 20), dtype=np.uint8)
GRAY = COLOUR[:, :1]

FORKED = """
import os, signal, sys
import numpy as np
from fesdist.inference.loaded import LoadedVersion
from storage.datasets.store import WeightStore

images = np.random.default_rng(3).integers(0, 256, (5, 3, 24, 20), dtype=np.uint8)
loaded = LoadedVersion(WeightStore(sys.argv[1]).open(sys.argv[2]), threads=2)
made = loaded.synthesize(images, "smiling")
if process := os.fork():
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
signal.alarm(120)  # it would wait for ever
os._exit(not np.array_equal(loaded.synthesize(images, "smiling"), made) or not np.any(made))
"""


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize("inputs", [COLOUR, GRAY, COLOUR / 255], ids=["colour", "gray", "float"])
def test_outputs_are_the_weights_applied(publish: Publish, colour: Colour, inputs: np.ndarray) -> None:
    published = publish(colour=colour)
    made = LoadedVersion(published.version).synthesize(inputs, "smiling")
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, np.clip(published.expected(inputs, "smiling"), 0, 1), atol=TOLERANCE)


def test_a_gray_photograph_stays_gray_with_shared_weights_only(publish: Publish) -> None:
    shared = LoadedVersion(publish(colour=Colour.SHARED).version)
    each = LoadedVersion(publish(colour=Colour.PER_CHANNEL, seed=1).version)
    assert shared.synthesize(GRAY, "smiling").shape[1] == 1
    assert each.synthesize(GRAY, "smiling").shape[1] == 3


def test_inputs_are_not_changed_and_may_be_read_only(publish: Publish) -> None:
    inputs = COLOUR.copy()
    inputs.flags.writeable = False
    LoadedVersion(publish().version).synthesize(inputs, "smiling", refine="papers", intensity=0.5, stretch=True)
    assert np.array_equal(inputs, COLOUR)


def test_weights_that_are_not_those_of_the_model_are_refused_by_name(publish: Publish) -> None:
    published = publish()
    path = Path(published.store) / "london/versions/1.json"
    manifest = json.loads(path.read_text())
    manifest["model"]["parameters"]["offsets"].append([0, -1])
    path.write_text(json.dumps(manifest))
    forged = WeightStore(published.store).open("london")
    message = r"version london@1: an array 'weights' of shape \(1, 4, 24, 20\); expected \(1, 5, 24, 20\)"
    with pytest.raises(FormatError, match=message):
        LoadedVersion(forged)


@pytest.mark.parametrize("said", [{"refine": "none"}, {"refine": "papers"}, {"intensity": 0.7}, {"stretch": True}])
def test_outputs_go_where_they_shall(publish: Publish, said: dict[str, Any]) -> None:
    loaded, room = LoadedVersion(publish().version), np.full(COLOUR.shape, 7, np.float32)
    made = loaded.synthesize(COLOUR, "smiling", out=room, **said)
    assert made is room
    assert np.array_equal(room, loaded.synthesize(COLOUR, "smiling", **said))


@pytest.mark.parametrize(
    "room",
    [
        np.empty(COLOUR.shape),
        np.empty(GRAY.shape, np.float32),
        np.empty((*COLOUR.shape[:3], 40), np.float32)[..., ::2],
        np.broadcast_to(np.float32(0), COLOUR.shape),
    ],
    ids=["float64", "gray", "every other pixel", "read-only"],
)
def test_outputs_do_not_go_where_they_do_not_fit(publish: Publish, room: np.ndarray) -> None:
    with pytest.raises(BadParameterError, match=r"expected \(5, 3, 24, 20\) float32"):
        LoadedVersion(publish().version).synthesize(COLOUR, "smiling", out=room)


def test_outputs_do_not_go_where_inputs_are_read(publish: Publish) -> None:
    inputs = (COLOUR / 255).astype(np.float32)
    with pytest.raises(BadParameterError, match="not the memory of the inputs"):
        LoadedVersion(publish().version).synthesize(inputs, "smiling", out=inputs)


def test_no_samples_give_no_outputs(publish: Publish) -> None:
    assert LoadedVersion(publish().version).synthesize(COLOUR[:0], "smiling").shape == (0, 3, 24, 20)


@pytest.mark.parametrize("colour", [Colour.SHARED, Colour.PER_CHANNEL])
def test_refinement_and_intensity_follow_equation_17(publish: Publish, colour: Colour) -> None:
    published = publish(colour=colour)
    inputs = COLOUR / 255.0
    alpha = published.arrays["smiling"]["alpha"].astype(np.float64)
    refined = (1 - alpha) * inputs + alpha * published.expected(COLOUR, "smiling")
    made = LoadedVersion(published.version).synthesize(COLOUR, "smiling", refine="papers", intensity=1.5)
    np.testing.assert_allclose(made, np.clip(inputs + 1.5 * (refined - inputs), 0, 1), atol=TOLERANCE)


def test_intensity_zero_is_the_input(publish: Publish) -> None:
    made = LoadedVersion(publish().version).synthesize(COLOUR, "smiling", intensity=0)
    assert np.array_equal(np.rint(made * 255), COLOUR)


def test_a_min_max_model_sees_each_image_in_its_own_range(publish: Publish) -> None:
    published = publish(normalisation="min-max")
    inputs = COLOUR[:2] // 2 + np.array([0, 60], np.uint8)[:, None, None, None]
    low = inputs.min(axis=(1, 2, 3), keepdims=True) / 255
    width = inputs.max(axis=(1, 2, 3), keepdims=True) / 255 - low
    expected = published.expected((inputs / 255 - low) / width, "smiling") * width + low
    made = LoadedVersion(published.version).synthesize(inputs, "smiling")
    np.testing.assert_allclose(made, np.clip(expected, 0, 1), atol=TOLERANCE)


def test_a_flat_image_is_refused_by_a_min_max_model(publish: Publish) -> None:
    loaded = LoadedVersion(publish(normalisation="min-max").version)
    with pytest.raises(ImageError, match="the same value everywhere"):
        loaded.synthesize(np.full((1, 3, 24, 20), 9, np.uint8), "smiling")


def test_stretching_uses_the_whole_range(publish: Publish) -> None:
    made = LoadedVersion(publish().version).synthesize(COLOUR, "smiling", stretch=True)
    assert made.min(axis=(1, 2, 3)).tolist() == [0] * len(COLOUR)
    assert made.max(axis=(1, 2, 3)).tolist() == [1] * len(COLOUR)


@pytest.mark.parametrize("threads", [1, 3])
def test_little_memory_and_several_threads_give_the_same_bits(publish: Publish, threads: int) -> None:
    version = publish(expressions=("sad", "smiling")).version
    plenty = LoadedVersion(version)
    tight = LoadedVersion(version, memory=6 * 6 * 8 * 20 * 4, threads=threads)
    for expression in ("sad", "smiling", "sad"):
        assert np.array_equal(tight.synthesize(COLOUR, expression), plenty.synthesize(COLOUR, expression))


def test_a_process_that_is_forked_goes_on_with_what_its_parent_has_loaded(publish: Publish) -> None:
    """As those of a web server are, which loads a version once for all of them."""
    published = publish()
    words = [sys.executable, "-W", "ignore", "-c", FORKED, published.store, published.reference]
    run = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_the_cache_never_holds_more_than_its_memory(publish: Publish) -> None:
    version = publish(expressions=("sad", "smiling")).version
    band = 5 * 8 * 20 * 4  # four weights and a bias, eight rows of twenty columns, float32
    memory = 6 * band
    cache = BandCache(CheckedVersion(version), ("weights", "bias"), memory)
    for expression in ("sad", "smiling", "sad"):
        for _ in cache.bands(expression):
            assert 0 < cache.held_bytes <= memory
    # Two, while a third is read: its values, and those of two of its three chunks as stored and as kept.
    assert cache.held_bytes == 3 * band


def test_bands_that_are_kept_are_not_read_again(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    version = publish().version
    cache = BandCache(CheckedVersion(version), ("weights",), 1 << 20)
    first = {band.region: band.arrays["weights"] for band in cache.bands("smiling")}
    monkeypatch.setattr(version, "read", None)
    assert all(first[band.region] is band.arrays["weights"] for band in cache.bands("smiling"))


def test_a_second_pass_over_too_many_bands_reads_only_what_was_dropped(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = publish(image_shape=(80, 20)).version
    band = 4 * 8 * 20 * 4
    cache = BandCache(CheckedVersion(version), ("weights",), 10 * band)
    list(cache.bands("smiling"))
    reads = []
    read = version.read
    monkeypatch.setattr(version, "read", lambda *arguments: reads.append(arguments) or read(*arguments))
    list(cache.bands("smiling"))
    assert len({rows.start for _, _, (*_, rows, _), _ in reads}) == 3


def test_too_little_memory_for_a_band_is_refused_with_both_figures(publish: Publish) -> None:
    with pytest.raises(BadParameterError, match=r"0\.0 MiB of the memory .* reading 8 rows .* takes 0\.0 MiB"):
        LoadedVersion(publish().version, memory=1000)


def test_an_unknown_expression_lists_the_known_ones(publish: Publish) -> None:
    loaded = LoadedVersion(publish(expressions=("sad", "smiling")).version)
    with pytest.raises(BadParameterError, match="expression 'angry' is not in london@1; it has sad, smiling"):
        loaded.synthesize(COLOUR, "angry")


def test_images_of_another_size_are_refused(publish: Publish) -> None:
    loaded = LoadedVersion(publish().version)
    with pytest.raises(ImageError, match=r"expects .* with 24 rows and 20 columns: resize them"):
        loaded.synthesize(COLOUR[..., :10], "smiling")


def test_a_number_of_channels_that_no_weights_fit_is_refused(publish: Publish) -> None:
    loaded = LoadedVersion(publish(colour=Colour.PER_CHANNEL).version)
    with pytest.raises(ImageError, match=r"images with 2 channels; .* expects 1 or 3"):
        loaded.synthesize(COLOUR[:, :2], "smiling")


def test_a_damaged_chunk_is_named(publish: Publish) -> None:
    published = publish()
    chunk = Path(published.store) / "london" / "data" / "draft-0" / "smiling" / "weights" / "c" / "0" / "0" / "1" / "0"
    content = bytearray(chunk.read_bytes())
    content[5] ^= 1
    chunk.write_bytes(content)
    with pytest.raises(CorruptChunkError, match="smiling/weights/c/0/0/1/0"):
        LoadedVersion(published.version).synthesize(COLOUR, "smiling")


def test_outputs_are_refined_by_the_best_that_the_version_has(publish: Publish) -> None:
    published = publish(learned=True)
    loaded, arrays = LoadedVersion(published.version), published.arrays["smiling"]
    inputs, raw = COLOUR / 255, published.expected(COLOUR, "smiling")
    for way, alpha in (("learned", arrays["learned_alpha"]), ("papers", arrays["alpha"]), ("none", 1.0)):
        expected = np.clip(inputs + 0.9 * alpha * (raw - inputs), 0, 1)
        made = loaded.synthesize(COLOUR, "smiling", refine=way, intensity=0.9)
        np.testing.assert_allclose(made, expected, atol=TOLERANCE)
    assert np.array_equal(loaded.synthesize(COLOUR, "smiling"), loaded.synthesize(COLOUR, "smiling", refine="learned"))
    assert loaded.refinements == ("learned", "papers", "none")


def test_a_version_without_a_learned_alpha_says_so(publish: Publish) -> None:
    loaded = LoadedVersion(publish().version)
    assert np.array_equal(loaded.synthesize(COLOUR, "smiling"), loaded.synthesize(COLOUR, "smiling", refine="none"))
    with pytest.raises(BadParameterError, match="refinement 'learned' of london@1, which has papers, none; give one"):
        loaded.synthesize(COLOUR, "smiling", refine="learned")


def test_a_model_is_believed_in_detail_where_it_foresaw_most(publish: Publish) -> None:
    for model, expected in ((0.4, True), (0.6, False)):
        face = {"mse_x100": model, "unchanged_mse_x100": 1.0}
        version = publish(metrics={"expressions": {"smiling": {"face": face}}}, seed=round(10 * model)).version
        assert LoadedVersion(version).keeps_detail("smiling") is not expected
        assert not LoadedVersion(version).keeps_detail("angry"), "nobody was held out"
