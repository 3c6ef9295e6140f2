"""Table 1: how large each generator is and how long one image takes, all of them in turn in one run on one thread."""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import torch

from fesdist.exports.onnx.graph import INPUT, OPSET
from fesdist.exports.onnx.writing import onnx_model
from fesdist.exports.source import Source
from fesdist.faces.generate import face
from fesdist.ground.refinement import Refinement
from fesdist.inference.intensities import unit_scale
from fesdist.inference.loaded import LoadedVersion
from fesdist.inference.settings import Detail, SynthesisSettings
from tests.benchmarks.timing import alternate
from tests.gans.generators import GENERATORS, n_parameters
from tests.gans.linear import AFTER, BEFORE, ENTRANTS, draw_stack, linear_size, publish
from tests.gans.sessions import Generator, Images, session

SIDE = 128

_PEOPLE = 20
_TURNS = 5


@dataclass(frozen=True)
class SpeedRow:
    """A generator, its size, and the processor's milliseconds for one image, the median of turns.

    On one thread of a machine at rest they are what a clock shows; what else the machine does is not in them.
    """

    name: str
    what: str
    parameters: int
    float32_bytes: int
    own_ms: float
    """Through the published version, or through torch."""
    onnx_ms: float
    """Through onnxruntime."""
    difference: float
    """Largest difference between the outputs of the two, of values in [0, 1]."""


@dataclass(frozen=True)
class Subject:
    """A generator before it is timed."""

    name: str
    what: str
    parameters: int
    float32_bytes: int
    own: Generator
    as_onnx: Generator


def through_torch(module: torch.nn.Module) -> Generator:
    """Return what a module makes of numpy images when it is not training."""
    module.eval()

    def run(images: Images) -> Images:
        with torch.inference_mode():
            return module(torch.from_numpy(images)).numpy()

    return run


def module_to_onnx(module: torch.nn.Module, image: Images) -> bytes:
    """Return a torch module as ONNX, for images of the shape of `image`."""
    file = BytesIO()
    module.eval()
    with warnings.catch_warnings():
        # Newer releases of torch want their other exporter, which needs one more library.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (torch.from_numpy(image),),
            file,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=["outputs"],
            dynamo=False,
        )
    return file.getvalue()


def measure() -> list[SpeedRow]:
    """Return a row for each GAN and each of the project's models, for one image, measured in turns."""
    torch.set_num_threads(1)
    image = unit_scale(face(_PEOPLE, BEFORE, SIDE)[None])
    with tempfile.TemporaryDirectory(prefix="fesdist-gans-") as folder:
        subjects = [*_gans(image), *_models(Path(folder))]
        functions = [partial(generator, image) for subject in subjects for generator in (subject.own, subject.as_onnx)]
        seconds = [1000 * median(of_turns) for of_turns in alternate(_TURNS, *functions, clock=process_time)]
        return [
            SpeedRow(
                subject.name,
                subject.what,
                subject.parameters,
                subject.float32_bytes,
                *seconds[2 * number : 2 * number + 2],
                float(np.abs(subject.own(image) - subject.as_onnx(image)).max()),
            )
            for number, subject in enumerate(subjects)
        ]


def _gans(image: Images) -> list[Subject]:
    subjects = []
    for published in GENERATORS:
        torch.manual_seed(0)
        module = published.build()
        size = n_parameters(module)
        own, exported = through_torch(module), session(module_to_onnx(module, image))
        subjects.append(Subject(published.name, published.source, size, 4 * size, own, exported))
    return subjects


def _models(folder: Path) -> list[Subject]:
    draw_stack(folder / "stack", _PEOPLE, SIDE)
    versions = publish(folder / "stack", folder / "store")
    subjects = []
    for entrant in ENTRANTS:
        version = versions[entrant.name]
        loaded = LoadedVersion(version, threads=1)

        def own(images: Images, loaded: LoadedVersion = loaded, refine: str = entrant.refinement) -> Images:
            return loaded.synthesize(images, AFTER, refine=refine)

        size = linear_size(version, entrant.refinement)
        settings = SynthesisSettings(refine=entrant.refinement, detail=Detail.MODEL)
        exported = session(onnx_model(Source.of(version, (AFTER,), settings)))
        refined = ", refined" if entrant.refinement is not Refinement.NONE else ""
        what = f"{entrant.model.describe()}{refined}"
        subjects.append(Subject(entrant.name, what, size.parameters, size.float32_bytes, own, exported))
    return subjects
