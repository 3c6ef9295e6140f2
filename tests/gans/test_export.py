"""What onnxruntime makes of an exported version is what the version makes itself."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="onnxruntime is absent: it comes with the extra gans")
onnx = pytest.importorskip("onnx", reason="onnx is absent: it comes with the extra gans")

from fesdist.cluster.in_process import InProcessCluster  # noqa: E402
from fesdist.families.common.contract import AnyModel  # noqa: E402
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
}


class Versions:
    """Versions learned from noise, each when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._stack, self._store = str(folder / "stack"), str(folder / "store")
        random = np.random.default_rng(0)
        with StackWriter.create(self._stack, StackSpec(*SHAPE[1:], SHAPE[0], "uint8", "none")) as writer:
            pairs = random.integers(0, 256, (6, 2, *SHAPE), dtype=np.uint8)
            names = (BEFORE, AFTER)
            writer.append(
                [PendingSubject(str(person), dict(zip(names, pair, strict=True))) for person, pair in enumerate(pairs)]
            )
            writer.assign_holdout(ids=["5"])

    def of(self, model: str, colour: Colour = Colour.SHARED) -> WeightVersion:
        """Return a version of one of `MODELS`."""
        name, store = f"{model}-{colour}", WeightStore(self._store)
        if name not in store.names():
            request = TrainingRequest(self._stack, self._store, name, MODELS[model], colour)
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


@pytest.mark.parametrize(
    ("model", "normalisation", "words"),
    [
        (RidgeRegression(), "none", "faces@1 is a ridge; expected mr, pixel-rr, pixel-kr, lsrf, omp or lasso"),
        (PixelRidge(), "min-max", "faces@1 sees stretched images; expected a version of unchanged intensities"),
    ],
)
def test_what_is_no_fixed_map_of_pixels_is_refused(model: AnyModel, normalisation: str, words: str) -> None:
    manifest = SimpleNamespace(model=SimpleNamespace(name=model.name, parameters=model.parameters()))
    manifest.reference = "faces@1"
    with pytest.raises(ValueError, match=words):
        to_onnx(SimpleNamespace(manifest=manifest, attributes={"normalisation": normalisation}), AFTER)


def test_sizes_count_what_is_in_memory_and_alpha_where_it_is_used(versions: Versions) -> None:
    pixels = SHAPE[1] * SHAPE[2]
    plain, refined = (linear_size(versions.of("mr"), way) for way in (Refinement.NONE, Refinement.LEARNED))
    # Four taps and a bias; the taps that lie outside the image at its border are 0.
    assert plain.float32_bytes == 4 * 5 * pixels
    assert 4 * pixels < plain.parameters < 5 * pixels
    assert refined.float32_bytes - plain.float32_bytes == 4 * pixels
    assert 0 < refined.parameters - plain.parameters <= pixels
    assert linear_size(versions.of("lsrf"), Refinement.NONE).float32_bytes == 4 * (3 + 3 + 1) * pixels
