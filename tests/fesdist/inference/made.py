"""What a folder of outputs has, and what it should have."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from fesdist.images.decode import decode
from tests.fesdist.inference.conftest import Published


def expected_pixels(published: Published, photograph: Path, expression: str = "smiling") -> np.ndarray:
    inputs = decode(photograph)[None]
    return np.rint(255 * np.clip(published.expected(inputs, expression), 0, 1))[0]


def records(out: Path) -> dict[str, dict[str, object]]:
    lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    return {line["input"]: line for line in lines}
