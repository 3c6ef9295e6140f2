"""`python -m tests.bits`: every model's weights, to the last bit, so that a change of the code can prove itself.

`record FILE` trains every model on small stacks and writes a SHA-256 of the weights of each; `compare FILE` does so
again and names what differs. It goes through the command line and reads plain files, so it runs on code of any age.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = ("shared", "per-channel", "gray")

MODELS = {
    "mr-3": "--model mr --window 3 --ridge 0.4",
    "mr-5": "--model mr --window 5 --ridge 3",
    "mr-3-in-5": "--model mr --window 3 --dilation 2 --ridge 0.4",
    "mr-mask": "--model mr --mask mask.txt --ridge 0.4",
    "mr-map": "--config map.toml",
    "pixel-rr": "--model pixel-rr --ridge 0.4",
    "pixel-kr": "--model pixel-kr --ridge 0.4",
    "pixel-kr-laplacian": "--model pixel-kr --kernel laplacian --ridge 0.4",
    "pixel-kr-polynomial": "--model pixel-kr --kernel polynomial --ridge 0.4",
    "omp": "--model omp",
    "lsrf": "--model lsrf",
    "lasso": "--model lasso --max-nonzero 16",
    "ridge": "--model ridge",
    "pca": "--model pca --rank 5",
    "ssc": "--model ssc",
    "krrr": "--model krrr --rank 4",
    "bkrrr": "--model bkrrr --rank 4",
}

LATER = {"agreement", "change", "learned_alpha"}
"""Arrays that older code did not write."""

FLOATS = ("mr-5", "omp", "lsrf", "lasso", "ridge", "pca", "ssc", "krrr")
"""Models that are trained on a stack of floating-point images as well."""


def main() -> int:
    """Record or compare; return 1 when something differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.bits", description=__doc__)
    parser.add_argument("action", choices=("record", "compare"))
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    found = dict(weights())
    if arguments.action == "record":
        arguments.file.write_text(json.dumps(found, indent=1))
        return 0
    before = json.loads(arguments.file.read_text())
    differing = sorted(name for name in before.keys() | found.keys() if before.get(name) != found.get(name))
    for name in differing:
        print(f"{name}: {before.get(name)} before, {found.get(name)} now")
    print(f"{len(found) - len(differing)} of {len(before)} equal")
    return 1 if differing else 0


def weights() -> Iterator[tuple[str, str]]:
    """Yield a name and a SHA-256 of all arrays of every model that is trained here."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        draw(Path("pairs"))
        Path("mask.txt").write_text("1 0 0\n0 1 1\n0 1 0\n")
        rows = ", ".join(f"[{', '.join(str(0.1 * (1 + (row * 5 + col) % 7)) for col in range(4))}]" for row in range(3))
        Path("map.toml").write_text(f'[model]\nmodel = "mr"\nwindow = 3\nridge = [{rows}]\n')
        command("ingest pairs bytes.zarr --holdout 0.2")
        command("ingest pairs floats.zarr --holdout 0.2 --normalisation min-max")
        for name, options in MODELS.items():
            for colour in COLOURS:
                yield from trained("bytes", f"{name}-{colour}", f"{options} --colour {colour}")
        for name in FLOATS:
            yield from trained("floats", name, MODELS[name])


def trained(stack: str, name: str, options: str) -> Iterator[tuple[str, str]]:
    """Train on a stack and yield the name with the SHA-256 of the arrays' chunks, in the order of their keys."""
    name = f"{stack}-{name}"
    command(f"train {stack}.zarr weights --name {name} {options} --workers 0")
    digest = hashlib.sha256()
    data = Path("weights", name, "data")
    for path in sorted(data.rglob("c/**/*")):
        if path.is_file() and not LATER & set(path.parts):
            digest.update(path.relative_to(next(data.iterdir())).as_posix().encode())
            digest.update(path.read_bytes())
    yield name, digest.hexdigest()


def draw(folder: Path) -> None:
    """Write pictures of smooth noise, one of them lacking: what a model may meet, equal on every machine."""
    random = np.random.default_rng(7)
    for person in range(14):
        coarse = random.integers(0, 256, (7, 9, 3), dtype=np.uint8)
        neutral = np.asarray(Image.fromarray(coarse).resize((96, 80), Image.Resampling.BILINEAR))
        for shift, expression in enumerate(("neutral", "happy", "sad")):
            if (person, expression) == (3, "sad"):
                continue
            noise = random.integers(0, 25, neutral.shape, dtype=np.uint8)
            image = (np.roll(neutral, shift, axis=1) // 2 + 3 * noise).astype(np.uint8)
            path = folder / expression / f"{person:02d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)


def command(line: str) -> None:
    """Run a command of fesdist in this process; raises RuntimeError with what it printed if it fails."""
    from fesdist.cli.main import main as run

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = run(line.split())
    if code:
        raise RuntimeError(f"fesdist {line}: exit code {code}\n{printed.getvalue()}")


if __name__ == "__main__":
    sys.exit(main())
