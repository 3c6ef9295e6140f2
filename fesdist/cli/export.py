"""`fesdist export`: a version as a page, for ONNX, or as the papers' programs write it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from fesdist.cli.console import say, size
from fesdist.cli.notices import concluded
from fesdist.exports.export import export
from fesdist.exports.source import Exported, Source
from fesdist.requests.sharing import Export


def run(request: Export) -> int:
    """Export, and tell what is in the files and what is not."""
    made = carry_out(request)
    if request.json:
        say(json.dumps(asdict(made), indent=2))
    else:
        for file in made.files:
            say(f"{file.path}: {size(file.n_bytes)}; {file.told}")
    return concluded(made.notices, strict=request.strict)


def carry_out(request: Export) -> Exported:
    """Write what is asked for; raises as `Source.open` and `fesdist.exports.export.export`."""
    source = Source.open(request.store, request.reference, request.expressions or (), request.settings(), request.eyes)
    return export(source, Path(request.file))
