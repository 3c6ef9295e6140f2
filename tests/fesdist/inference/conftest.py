"""Small published versions with known weights, and folders of photographs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.ground.colour import Colour
from fesdist.ground.exposure import Exposure
from fesdist.ground.likeness import LikenessSums
from fesdist.ground.likeness import limits as known_limits
from fesdist.ground.signature import signature
from fesdist.images.encode import encode
from storage.datasets.manifest import Facts, ModelFacts, StackFacts
from storage.datasets.spec import ArraySpec, DatasetSpec
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from tests.drafts import create_draft

OFFSETS = ((-1, 0), (0, 0), (0, 1), (2, -1))
"""An asymmetric field, so that no axis and no sign can be mistaken for another."""


@dataclass(frozen=True)
class Published:
    """A version with random weights, and those weights."""

    store: str
    reference: str
    version: WeightVersion
    arrays: dict[str, dict[str, NDArray[Any]]]
    """By expression and name, as they were written."""

    def expected(self, inputs: NDArray[Any], expression: str) -> NDArray[np.float64]:
        """Return unclipped outputs in [0, 1]: bias plus the sum of weight times neighbour, zero outside the image."""
        arrays = self.arrays[expression]
        images = inputs / 255.0 if inputs.dtype == np.uint8 else inputs.astype(np.float64)
        rows, cols = images.shape[2:]
        padded = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)))
        taps = [padded[:, :, 2 + row :, 2 + col :][:, :, :rows, :cols] for row, col in OFFSETS]
        return arrays["bias"] + sum(arrays["weights"][:, tap] * image for tap, image in enumerate(taps))


Publish = Callable[..., Published]


@pytest.fixture
def publish(tmp_path: Path) -> Publish:
    """Return a function that publishes a version of the model "london" in a store of this test."""

    def published(
        image_shape: tuple[int, int] = (24, 20),
        channels: int = 3,
        colour: Colour = Colour.SHARED,
        expressions: tuple[str, ...] = ("smiling",),
        normalisation: str = "none",
        chunk: int = 8,
        seed: int = 0,
        learned: bool = False,
        metrics: dict[str, Any] | None = None,
        displacement: NDArray[np.float32] | None = None,
        taught_by: NDArray[np.uint8] | None = None,
        limits: dict[str, Any] | None = None,
        brightness: float | None = None,
        contrast: float = 0.0,
        placed: dict[str, Any] | None = None,
    ) -> Published:
        generator = np.random.default_rng(seed)
        sets = colour.weight_channels(channels)
        shapes: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
            "weights": (("channel", "tap"), (sets, len(OFFSETS))),
            "bias": (("channel",), (sets,)),
            "alpha": (("channel",), (sets,)),
        }
        if learned:
            shapes["learned_alpha"] = shapes["alpha"]
        if displacement is not None:
            shapes["displacement"] = (("axis",), (2,))
        specs = tuple(
            ArraySpec(
                name,
                (*dims, "row", "col"),
                (*leading, *image_shape),
                (*leading, chunk, chunk),
                "float64" if name in ("weights", "bias") else "float32",
            )
            for name, (dims, leading) in shapes.items()
        )
        people = None
        if taught_by is not None:
            signatures = np.stack([signature(image) for image in taught_by])
            people = LikenessSums.of(signatures).products
            found = known_limits([signatures[fold::5] for fold in range(5)])
            limits = limits or (asdict(found) if found else None)
            sides = people.shape
            specs = (*specs, ArraySpec("likeness", ("term", "other_term"), sides, sides, "int32", "sums of people"))
        parameters = {"ridge": 0.4, "offsets": [list(offset) for offset in OFFSETS]}
        store = str(tmp_path / "weights")
        draft = create_draft(
            WeightStore(store),
            "london",
            f"draft-{seed}",
            DatasetSpec({"normalisation": normalisation, **(placed or {})}, dict.fromkeys(expressions, specs)),
            {},
        )
        arrays: dict[str, dict[str, NDArray[Any]]] = {}
        checksums: dict[str, str] = {}
        for expression in expressions:
            arrays[expression] = {spec.name: (0.3 * generator.random(spec.shape)).astype(spec.dtype) for spec in specs}
            if displacement is not None:
                # Of the second expression half as far, and so on.
                arrays[expression]["displacement"] = displacement / np.float32(len(arrays))
            if people is not None:
                arrays[expression]["likeness"] = people
            for name, values in arrays[expression].items():
                whole = tuple(slice(0, length) for length in values.shape)
                checksums |= draft.write(expression, name, whole, values)
        number = draft.publish(
            Facts(
                code_version="0",
                model=ModelFacts("mr", parameters),
                colour=str(colour),
                image_shape=image_shape,
                channels=channels,
                expressions=expressions,
                stack=StackFacts("", "", {}),
                metrics=metrics or {},
                job_digest="",
                shape=None if displacement is None else {name: {"people": 5} for name in expressions},
                likeness=None if limits is None else dict.fromkeys(expressions, limits),
                exposure=None if brightness is None else asdict(Exposure(5, brightness, contrast)),
            ),
            checksums,
        )
        reference = f"london@{number}"
        return Published(store, reference, WeightStore(store).open(reference), arrays)

    return published


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Return a folder of three photographs of 24 x 20 pixels: two in colour, one of them in a subfolder, one gray."""
    generator = np.random.default_rng(1)
    folder = tmp_path / "photos"
    for name, channels in (("a.png", 3), ("sub/b.png", 3), ("gray.png", 1)):
        encode(folder / name, generator.integers(0, 256, (channels, 24, 20), dtype=np.uint8))
    return folder
