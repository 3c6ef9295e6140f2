"""What onnxruntime makes of an exported version is what the version makes itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="onnxruntime is absent: it comes with the extra gans")
onnx = pytest.importorskip("onnx", reason="onnx is absent: it comes with the extra gans")

from fesdist.cluster.in_process import InProcessCluster  # noqa: E402
from fesdist.ground.colour import Colour  # noqa: E402
from fesdist.ground.refinement import Refinement  # noqa: E402
from fesdist.inference.loaded import LoadedVersion  # noqa: E402
from fesdist.registry import (  # noqa: E402
    LocalSparseReceptiveFields,
    MaskedRegression,
    PixelKernelRidge,
    PixelRidge,
    RidgeRegression,
)
from fesdist.training.job import TrainingRequest  # noqa: E402
from fesdist.training.run import train  # noqa: E402
from storage.datasets.store import WeightStore  # noqa: E402
from storage.datasets.version import WeightVersion  # noqa: E402
from storage.stack.reading import StackSpec  # noqa: E402
from storage.stack.writer import PendingSubject, StackWriter  # noqa: E402
from tests.gans.export import to_onnx  # noqa: E402
from tests.gans.graph import OPSET  # noqa: E402
from tests.gans.linear import AFTER, BEFORE, linear_size  # noqa: E402
from tests.gans.sessions import session  # noqa: E402

SHAPE = (3, 18, 22)

MODELS = {
    # An asymmetric field, so that no axis and no sign can be mistaken for another.
    "mr": MaskedRegression(((-1, 0), (0, 0), (0, 1), (2, -1))),
    "pixel-rr": PixelRidge(),
    "pixel-kr": PixelKernelRidge(),
    "lsrf": LocalSparseReceptiveFields(n_nonzero=3),
    "ridge": RidgeRegression(),
}


class Versions:
    """Versions learned from noise, each when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._store = folder / "store"
        self._stacks = {normalisation: folder / normalisation for normalisation in ("none", "min-max")}
        random = np.random.default_rng(0)
        for normalisation, path in self._stacks.items():
            dtype = "uint8" if normalisation == "none" else "float64"
            with StackWriter.create(path, StackSpec(*SHAPE[1:], SHAPE[0], dtype, normalisation)) as writer:
                for person in range(6):
                    pair = random.integers(0, 256, (2, *SHAPE), dtype=np.uint8)
                    images = dict(zip((BEFORE, AFTER), pair if dtype == "uint8" else pair / 255, strict=True))
                    writer.append([PendingSubject(str(person), images)])
                writer.assign_holdout(ids=["5"])

    def of(self, model: str, colour: Colour = Colour.SHARED, normalisation: str = "none") -> WeightVersion:
        """Return a version of one of `MODELS`."""
        name, store = f"{model}-{colour}-{normalisation}", WeightStore(str(self._store))
        if name not in store.names():
            stack = str(self._stacks[normalisation])
            request = TrainingRequest(stack, str(self._store), name, MODELS[model], colour)
            train(request, InProcessCluster(), memory=1 << 30)
        return store.open(name)


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    return Versions(tmp_path_factory.mktemp("versions"))


@pytest.mark.parametrize(
    ("model", "colour", "refinement"),
    [
        ("mr", Colour.SHARED, Refinement.NONE),
        ("mr", Colour.PER_CHANNEL, Refinement.LEARNED),
        ("mr", Colour.SHARED, Refinement.PAPERS),
        ("pixel-rr", Colour.SHARED, Refinement.NONE),
        ("pixel-kr", Colour.SHARED, Refinement.NONE),
        ("pixel-kr", Colour.PER_CHANNEL, Refinement.NONE),
        ("lsrf", Colour.SHARED, Refinement.NONE),
        ("lsrf", Colour.PER_CHANNEL, Refinement.NONE),
    ],
)
def test_onnxruntime_makes_what_the_version_makes(
    versions: Versions, model: str, colour: Colour, refinement: Refinement
) -> None:
    version = versions.of(model, colour)
    images = np.random.default_rng(1).random((2, *SHAPE)).astype(np.float32)
    images[0, :, :4], images[0, :, 4:8] = 0, 1
    exported = to_onnx(version, AFTER, refinement)
    expected = LoadedVersion(version).synthesize(images, AFTER, refine=refinement)
    np.testing.assert_allclose(session(exported)(images), expected, rtol=0, atol=1e-5)
    assert [opset.version for opset in exported.opset_import] == [OPSET]


def test_what_is_no_fixed_map_of_pixels_is_refused_by_name(versions: Versions) -> None:
    with pytest.raises(ValueError, match=r"ridge-shared-none@1 is a ridge; expected mr, .*lsrf"):
        to_onnx(versions.of("ridge"), AFTER)
    with pytest.raises(ValueError, match="sees stretched images; expected a version of unchanged intensities"):
        to_onnx(versions.of("pixel-rr", normalisation="min-max"), AFTER)


def test_sizes_count_what_is_in_memory_and_alpha_where_it_is_used(versions: Versions) -> None:
    pixels = SHAPE[1] * SHAPE[2]
    plain, refined = (linear_size(versions.of("mr"), way) for way in (Refinement.NONE, Refinement.LEARNED))
    # Four taps and a bias; the taps that lie outside the image at its border are 0.
    assert plain.float32_bytes == 4 * 5 * pixels
    assert 4 * pixels < plain.parameters < 5 * pixels
    assert refined.float32_bytes - plain.float32_bytes == 4 * pixels
    assert 0 < refined.parameters - plain.parameters <= pixels
    assert linear_size(versions.of("lsrf"), Refinement.NONE).float32_bytes == 4 * (3 + 3 + 1) * pixels
