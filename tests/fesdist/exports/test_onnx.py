"""What onnxruntime makes of an exported version is what the version makes itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array, save_npz

from fesdist.cli.main import main
from fesdist.cluster.in_process import InProcessCluster
from fesdist.exports.onnx.graph import INPUT, OPSET
from fesdist.exports.onnx.writing import onnx_model
from fesdist.exports.source import Source
from fesdist.ground.colour import Colour
from fesdist.inference.loaded import LoadedVersion
from fesdist.inference.settings import Detail, Light, SynthesisSettings
from fesdist.registry import (
    KernelReducedRank,
    LocalSparseReceptiveFields,
    MaskedRegression,
    PixelKernelRidge,
    PixelRidge,
    PrincipalComponents,
    RidgeRegression,
)
from fesdist.training.job import TrainingRequest
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from storage.stack.reading import StackSpec
from storage.stack.writer import PendingSubject, StackWriter
from tests.fesdist.exports.pages import WEAK, moving
from tests.fesdist.exports.weight_files import COLS, ROWS, anywhere
from tests.fesdist.inference.conftest import Publish

BEFORE, AFTER = "neutral", "smiling"
SHAPE = (3, 18, 22)

MODELS = {
    # An asymmetric field, so that no axis and no sign can be mistaken for another.
    "mr": MaskedRegression(((-1, 0), (0, 0), (0, 1), (2, -1))),
    "pixel-rr": PixelRidge(),
    "pixel-kr": PixelKernelRidge(),
    "lsrf": LocalSparseReceptiveFields(n_nonzero=3),
    "ridge": RidgeRegression(),
    "pca": PrincipalComponents(rank=3),
    "krrr": KernelReducedRank(),
}


class Versions:
    """Versions learned from noise, each when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._stack, self.store = str(folder / "stack"), str(folder / "store")
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
        name, store = f"{model}-{colour}", WeightStore(self.store)
        if name not in store.names():
            request = TrainingRequest(self._stack, self.store, name, MODELS[model], colour)
            train(request, InProcessCluster(), memory=1 << 30)
        return store.open(name)


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    return Versions(tmp_path_factory.mktemp("versions"))


def through_onnxruntime(model: onnx.ModelProto, images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return all outputs by name."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, map(np.asarray, session.run(names, {INPUT: images})), strict=True))


def check(version: WeightVersion, shape: tuple[int, ...], settings: SynthesisSettings, tolerance: float = 1e-5) -> None:
    """Compare all outputs for two images and for one."""
    images = np.random.default_rng(1).random((2, *shape)).astype(np.float32)
    images[0, :, :4], images[0, :, 4:8] = 0, 1
    images[1] *= 0.4
    model, loaded = onnx_model(Source.of(version, (), settings)), LoadedVersion(version)
    made = through_onnxruntime(model, images)
    assert tuple(made) == version.expressions
    for expression, outputs in made.items():
        expected = loaded.synthesize(
            images,
            expression,
            refine=settings.refine,
            intensity=settings.intensity,
            texture=settings.texture,
            detail=settings.keeps_detail(loaded.keeps_detail(expression)),
            relit=settings.light is Light.AUTO,
        )
        np.testing.assert_allclose(outputs, expected, rtol=0, atol=tolerance)
        assert np.abs(expected - images).max() > 0.01 or settings.texture == 0
        np.testing.assert_allclose(through_onnxruntime(model, images[1:])[expression], outputs[1:], atol=1e-6)


@pytest.mark.parametrize(
    ("model", "colour", "refine", "intensity"),
    [
        ("mr", Colour.SHARED, "none", 1.0),
        ("mr", Colour.PER_CHANNEL, "learned", 1.0),
        ("mr", Colour.SHARED, "papers", 1.3),
        ("pixel-rr", Colour.GRAY, "none", 1.0),
        ("pixel-kr", Colour.SHARED, "none", 1.0),
        ("pixel-kr", Colour.PER_CHANNEL, None, 0.5),
        ("lsrf", Colour.SHARED, "none", 1.0),
        ("lsrf", Colour.PER_CHANNEL, "none", 1.0),
        ("ridge", Colour.SHARED, "papers", 1.0),
        ("ridge", Colour.PER_CHANNEL, None, 1.0),
        ("pca", Colour.SHARED, None, 1.0),
    ],
)
def test_every_fixed_map(versions: Versions, model: str, colour: Colour, refine: str | None, intensity: float) -> None:
    settings = SynthesisSettings(refine=refine, intensity=intensity, detail=Detail.MODEL)
    check(versions.of(model, colour), SHAPE, settings)


@pytest.mark.parametrize(
    "of_version",
    [
        {"displacement": moving((24, 20))},
        {"displacement": moving((24, 20)), "normalisation": "min-max", "colour": Colour.PER_CHANNEL},
        {"normalisation": "min-max", "learned": True},
        {"metrics": WEAK, "expressions": ("sad", "smiling")},
        {"channels": 1, "displacement": moving((24, 20))},
        {"displacement": moving((24, 20)), "brightness": 0.5},
        {"metrics": WEAK, "brightness": 0.5},
        {"brightness": 0.5, "contrast": 0.3},
        {"displacement": moving((24, 20)), "brightness": 0.3, "contrast": 0.25},
    ],
)
@pytest.mark.parametrize(
    "settings",
    [
        SynthesisSettings(),
        SynthesisSettings(intensity=1.4),
        SynthesisSettings(intensity=0.5, texture=0.0),
        SynthesisSettings(light=Light.PHOTOGRAPH),
    ],
)
def test_what_happens_around_a_map(publish: Publish, of_version: dict[str, Any], settings: SynthesisSettings) -> None:
    version = publish((24, 20), **of_version).version
    check(version, (version.manifest.channels, 24, 20), settings)


def test_an_imported_version_and_the_file_that_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_npz(tmp_path / "omp.npz", csr_array(anywhere(2)))
    store, out = str(tmp_path / "store"), tmp_path / "omp.onnx"
    assert main(["import", str(tmp_path / "omp.npz"), store, "--name", "omp", "--size", f"{ROWS}x{COLS}"]) == 0
    version = WeightStore(store).open("omp")
    check(version, (3, ROWS, COLS), SynthesisSettings())
    assert main(["export", store, "omp", str(out)]) == 0
    assert f"opset {OPSET}; images (any number, 3, {ROWS}, {COLS})" in capsys.readouterr().out
    written = onnx.load(out)
    assert [opset.version for opset in written.opset_import] == [OPSET]
    about = {prop.key: prop.value for prop in written.metadata_props}
    expected = {"reference": "omp@1", "model": "omp", "expressions": "expression", "normalisation": "min-max"}
    assert {key: about[key] for key in expected} == expected
    # Three taps of an index and a weight for each pixel and colour, a bias: nothing is pixels by pixels.
    assert out.stat().st_size < 4 * ROWS * COLS * (3 * (3 + 1) + 1) + 8000


def test_what_is_no_fixed_map_is_refused_by_name(
    versions: Versions, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = versions.of("krrr").manifest.name
    assert main(["export", versions.store, name, str(tmp_path / "a.onnx")]) == 1
    assert "model 'krrr' compares a photograph with those it was trained on" in capsys.readouterr().err
    assert main(["export", versions.store, versions.of("mr").manifest.name, str(tmp_path / "a.tflite")]) == 1
    assert "ends in .tflite; expected one of .html, .onnx, .npz" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setattr("fesdist.exports.export.find_spec", lambda name: None)
    assert main(["export", versions.store, versions.of("mr").manifest.name, str(tmp_path / "a.onnx")]) == 1
    assert "pip install 'fesdist[onnx]'" in capsys.readouterr().err
