"""A small stack and a version that knows its rule, so that every score can be told beforehand.

The rule: target = input / 2 + 40 in 8-bit values, for any expression. The version is MR with one tap, weight 1/2 and
bias 40/255, so it errs only by the rounding of the targets; its alpha is 1/2 everywhere, so the refined output is half
way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.blobs.documents import convert
from storage.datasets.manifest import Facts
from storage.datasets.spec import ArraySpec, DatasetSpec
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack
from storage.stack.writer import PendingSubject, StackSpec, StackWriter
from tests.drafts import create_draft

SHAPE = (24, 20)
PEOPLE = tuple(f"p{number}" for number in range(8))
HELD_OUT = ("p5", "p6", "p7")
MODEL = {"name": "mr", "parameters": {"offsets": [[0, 0]], "ridge": 0.4}}

_DIMS = {3: ("channel", "row", "col"), 4: ("channel", "tap", "row", "col")}


def make_stack(
    path: Path,
    *,
    expressions: Sequence[str] = ("smiling",),
    shape: tuple[int, int] = SHAPE,
    channels: int = 3,
    held_out: Collection[str] = HELD_OUT,
    lacking: Mapping[str, Collection[str]] | None = None,
) -> str:
    """Write a stack of eight people and return its path; `lacking` names those who do not have an expression."""
    rng = np.random.default_rng(3)
    subjects = []
    for person in PEOPLE:
        neutral = rng.integers(0, 256, (channels, *shape), dtype=np.uint8)
        target = (neutral // 2 + 40).astype(np.uint8)
        shown = [name for name in expressions if person not in (lacking or {}).get(name, ())]
        subjects.append(PendingSubject(person, {"neutral": neutral, **dict.fromkeys(shown, target)}))
    with StackWriter.create(path, StackSpec(*shape, channels, "uint8", "none")) as writer:
        writer.append(subjects)
        writer.assign_holdout(ids=held_out)
    return str(path)


def publish(
    store_uri: str,
    stack_path: str,
    *,
    expressions: Sequence[str] = ("smiling",),
    trained_on: Collection[str] = PEOPLE[:5],
    metrics: dict[str, Any] | None = None,
    tuning: dict[str, Any] | None = None,
    displacement: NDArray[np.float32] | None = None,
) -> str:
    """Publish the next version of the model `small`, with a shape if it has a displacement; return its reference."""
    stack = TrainingStack.open(stack_path)
    rows, cols = stack.image_shape
    inputs, targets = (
        stack.read(name, stack.samples(expressions[0], "train"), slice(0, rows), slice(0, cols)) / 255
        for name in ("neutral", expressions[0])
    )
    per_channel = (stack.channels, rows, cols)
    arrays = {
        "weights": np.full((stack.channels, 1, rows, cols), 0.5),
        "bias": np.full(per_channel, 40 / 255),
        "status": np.zeros(per_channel, np.uint8),
        "norm": np.full(per_channel, 0.5 + 40 / 255),
        "alpha": np.full(per_channel, 0.5, np.float32),
        "mean_difference": (targets - inputs).mean(axis=0).astype(np.float32),
    }
    if displacement is not None:
        arrays["displacement"] = displacement
    facts = {
        "model": MODEL,
        "colour": "per-channel",
        "image_shape": [rows, cols],
        "channels": stack.channels,
        "expressions": list(expressions),
    }
    specs = tuple(
        ArraySpec(name, _DIMS[values.ndim], values.shape, values.shape, str(values.dtype))
        for name, values in arrays.items()
    )
    spec = DatasetSpec(
        attributes={**facts, "input_expression": "neutral", "normalisation": "none", "mouth": list(stack.spec.mouth)},
        groups=dict.fromkeys(expressions, specs),
        coordinates={"drow": ("tap", [0]), "dcol": ("tap", [0])},
    )
    store = WeightStore(store_uri)
    draft_id = f"draft-{len(store.versions('small'))}"
    draft = create_draft(store, "small", draft_id, spec, {})
    checksums: dict[str, str] = {}
    for expression in expressions:
        for name, values in arrays.items():
            checksums.update(draft.write(expression, name, (slice(None),) * values.ndim, values))
    number = draft.publish(
        convert(
            Facts,
            {
                **facts,
                "job_digest": draft_id,
                "code_version": "0.1.0",
                "stack": {
                    "path": stack_path,
                    "fingerprint": "0" * 64,
                    "subjects": {expression: list(trained_on) for expression in expressions},
                },
                "metrics": metrics or {},
                "tuning": tuning,
                "shape": None if displacement is None else {expression: {"people": 5} for expression in expressions},
            },
            "facts",
        ),
        checksums,
    )
    return f"small@{number}"
