"""What a folder of outputs has, and what it should have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from fesdist.cluster.settings import ClusterSettings
from fesdist.ground.share import Progress
from fesdist.images.decode import decode
from fesdist.inference.folder import synthesize_folder
from fesdist.inference.prepared import FolderRequest
from fesdist.inference.summary import SynthesisSummary
from tests.fesdist.inference.conftest import Published


def expected_pixels(published: Published, photograph: Path, expression: str = "smiling") -> np.ndarray:
    inputs = decode(photograph)[None]
    return np.rint(255 * np.clip(published.expected(inputs, expression), 0, 1))[0]


def records(out: Path) -> dict[str, dict[str, object]]:
    lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    return {line["input"]: line for line in lines}


def folder_made(
    source: Path,
    out: Path,
    store: str,
    reference: str,
    *,
    cluster: ClusterSettings | None = None,
    on_progress: Progress | None = None,
    **asked: Any,
) -> SynthesisSummary:
    """Return what became of a folder; `asked` are further fields of the request."""
    request = FolderRequest(source, out, store, reference, **asked)
    return synthesize_folder(request, cluster=cluster, on_progress=on_progress)
