"""Writes the golden files of the present format versions: `python -m tests.formats.make FOLDER`."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np

from storage.datasets import aliases, deletion, manifest
from storage.datasets.manifest import Facts, ModelFacts, StackFacts
from storage.datasets.spec import ArraySpec, DatasetSpec
from storage.datasets.store import WeightStore
from storage.stack.format import StackSpec
from storage.stack.writer import PendingSubject, StackWriter
from tests.drafts import create_draft
from tests.formats.noise import image, noise, weights

PEOPLE = (("neutral", "smiling"), ("neutral",), ("neutral", "smiling"), ("smiling",))
"""The expressions of p0, p1, p2, who is held out, and p3."""

STACKS = {
    "stack-uint8": StackSpec(8, 8, 3, "uint8", "none"),
    "stack-float64": StackSpec(6, 8, 1, "float64", "min-max"),
}

SPEC = DatasetSpec(
    {
        "model": {"name": "mr", "parameters": {"ridge": 0.4}},
        "input_expression": "neutral",
        "normalisation": "none",
    },
    {
        "smiling": (
            ArraySpec(
                "weights", ("weight_channel", "tap", "row", "col"), (3, 3, 8, 8), (3, 3, 8, 8), "float32", "values"
            ),
            ArraySpec("status", ("weight_channel", "row", "col"), (3, 8, 8), (3, 8, 8), "uint8", "status"),
        )
    },
    {"drow": ("tap", np.zeros(3, np.int32)), "dcol": ("tap", np.array([-1, 0, 1], np.int32))},
)

MOVING = ArraySpec("displacement", ("axis", "row", "col"), (2, 8, 8), (2, 8, 8), "float32", "u, in pixels")
"""What a version with a shape has besides."""

SHAPE = {"smiling": {"people": 2, "unusable": ["p3"], "largest": 1.5}}

FACTS = Facts(
    code_version="0.1.0",
    model=ModelFacts("mr", {"ridge": 0.4}),
    colour="per-channel",
    image_shape=(8, 8),
    channels=3,
    expressions=("smiling",),
    stack=StackFacts("faces", "f" * 64, {"smiling": ("p0", "p2")}),
    metrics={
        "tiles": 1,
        "tile_seconds": 0.5,
        "peak_bytes": 1000,
        "expressions": {
            "smiling": {"face": {"mse_x100": 0.25, "unchanged_mse_x100": 1.0}, "mouth": None, "statuses": {"0": 192}}
        },
    },
    job_digest="0" * 64,
)


def make_stacks(folder: Path) -> None:
    """Write one stack for each type of pixels."""
    for name, spec in STACKS.items():
        scale = 250.0 if spec.dtype == "float64" else 1
        people = [
            PendingSubject(
                f"p{number}",
                {one: (image(number, one, *spec.image_shape) / scale).astype(spec.dtype) for one in expressions},
            )
            for number, expressions in enumerate(PEOPLE)
        ]
        with StackWriter.create(folder / name, spec) as writer:
            writer.append(people)
            writer.assign_holdout(ids=["p2"])
        (folder / f"{name}.lock").unlink()


def make_weights(folder: Path) -> None:
    """Write a store with two versions, a deleted one, one with a shape, an alias, records and an unfinished draft."""
    store = WeightStore(str(folder / "weights"))
    for number in (1, 2, 3):
        draft = create_draft(store, "golden", f"job-{number}", SPEC, {"tiles": 1})
        checksums = draft.write("smiling", "weights", (slice(None),) * 4, weights(number, 3, 3, 8, 8))
        status = (noise(number, 3, 8, 8) % 5).astype(np.uint8)
        checksums |= draft.write("smiling", "status", (slice(None),) * 3, status)
        draft.publish(FACTS, checksums)
    make_moving(store)
    store.delete("golden", 3, note="the wrong people")
    moves = store.aliases("golden")
    moves.promote(1, "production", note="first")
    moves.promote(2, "production")
    moves.rollback("production")
    store.evaluations("golden", 1).put("aaaa", {"mse": 0.5})
    store.comparisons("golden").put("bbbb", {"seconds": 1.5})
    unfinished = create_draft(store, "golden", "job-4", SPEC, {"tiles": 1})
    unfinished.put_receipt("tile-000000", {"index": 0, "seconds": 1.5})
    (folder / "weights/.pending").rmdir()


def make_moving(store: WeightStore) -> None:
    """Publish a version with a shape, of another model."""
    spec = replace(SPEC, groups={"smiling": (*SPEC.groups["smiling"], MOVING)})
    draft = create_draft(store, "moving", "job-1", spec, {"tiles": 1})
    checksums = draft.write("smiling", "weights", (slice(None),) * 4, weights(1, 3, 3, 8, 8))
    checksums |= draft.write("smiling", "status", (slice(None),) * 3, np.zeros((3, 8, 8), np.uint8))
    checksums |= draft.write("smiling", MOVING.name, (slice(None),) * 3, weights(2, 2, 8, 8))
    draft.publish(replace(FACTS, shape=SHAPE), checksums)


if __name__ == "__main__":
    into = Path(sys.argv[1])
    with ExitStack() as names:
        for room in (manifest, aliases, deletion):
            names.enter_context(mock.patch.object(room, "who", return_value="golden@example"))
        make_stacks(into)
        make_weights(into)
