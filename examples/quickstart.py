"""From drawn faces to smiling ones: `python examples/quickstart.py [FOLDER]` does in Python what the commands do."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

import fesdist as fd


def main(folder: Path) -> None:
    # Pairs of pictures: one folder an expression, with the same file name for the same person. Yours go here.
    pairs, stack, weights = str(folder / "pairs"), str(folder / "stack.zarr"), str(folder / "weights")
    fd.draw_faces(pairs, people=24, size=64, expressions=("neutral", "happy"))

    # A stack holds all pictures at one size; a fifth of the people is held out, always the same ones.
    summary = fd.ingest(pairs, stack, size=(64, 64))
    print(f"{summary.n_people} people in {summary.stack}")

    # Every output pixel is a ridge regression on the 5 x 5 input pixels around it; the ridge is chosen by the errors on
    # people left out. `workers=0` is this process.
    trained = fd.train(stack, weights, "faces", model="mr", window=5, workers=0)
    print(f"trained version {trained.version} of {trained.name} in {trained.seconds:.1f} s")

    # An alias is what programs ask for; moving it serves another version, and `fd.rollback` moves it back.
    fd.promote(weights, "faces", trained.version, alias="production")

    # How good is it on people it has never seen, beside doing nothing?
    evaluation = fd.evaluate(stack, weights, "faces@production", workers=0)
    for scores in evaluation.expressions:
        gain = scores.improvement("model", "face") or 0
        print(f"{scores.expression}: error {gain:.0f} % smaller than with output = input")

    # Pictures in memory, (sample, channel, row, col) in 0..255 ...
    version = fd.open(weights, "faces@production")
    with Image.open(folder / "pairs" / "neutral" / "000.png") as picture:
        face = np.asarray(picture.convert("RGB")).transpose(2, 0, 1)[None]
    (happy,) = version.synthesize(face, "happy")
    print(f"no pixel changed by more than {np.abs(happy - face[0] / 255).max():.2f}")

    # ... or whole folders.
    made = fd.synthesize(
        str(folder / "pairs" / "neutral"), str(folder / "out"), store=weights, reference="faces", workers=0
    )
    print(f"{made.n_outputs} faces in {made.out}")

    # One HTML file with pictures, errors and maps.
    report = fd.write_report(weights, "faces", out=str(folder / "report.html"))
    print(report.path)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "quickstart"))
