"""`fesdist import`: weights that other programs found become a version."""

from __future__ import annotations

import json
from dataclasses import asdict

from fesdist.cli.console import say
from fesdist.cli.notices import concluded
from fesdist.exports.npz.reading import import_files
from fesdist.requests.sharing import Import


def run(request: Import) -> int:
    """Publish, and tell what the files were taken for."""
    made = import_files(request.paths(), request.store, request.name, request.said())
    if request.json:
        say(json.dumps(asdict(made), indent=2))
    else:
        rows, cols = made.image_shape
        what = f"{made.model}, {made.described}; {made.colour}, {rows} x {cols} pixels"
        say(f"{made.name}@{made.version}: {', '.join(made.expressions)}; {what}")
    return concluded(made.notices, strict=request.strict)
