"""`python -m tests.gans [--train MINUTES --stack STACK]`: the GANs of the papers' table 1 beside our models."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

EXTRA = ("torch", "onnx", "onnxruntime")

HOW_TO_INSTALL = (
    "absent: {absent}; install the optional extra with `pip install -e '.[gans]'`, on Linux after the build of torch "
    "for CPUs that PyTorch's own page of installation offers, as the usual one brings gigabytes for graphics cards"
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gans", description=__doc__)
    parser.add_argument("--train", type=float, metavar="MINUTES", help="train Pix2Pix beside MR; needs --stack")
    parser.add_argument("--stack", metavar="STACK", help="training stack of 64 x 64 pixels with held-out people")
    parser.add_argument("--expression", metavar="NAME", help="which to learn; the stack's first when left out")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the tables here as Markdown as well")
    arguments = parser.parse_args()
    if (arguments.train is None) != (arguments.stack is None):
        parser.error("--train MINUTES and --stack STACK belong together: give both or neither")
    if absent := [name for name in EXTRA if find_spec(name) is None]:
        print(HOW_TO_INSTALL.format(absent=", ".join(absent)), file=sys.stderr)
        return 1
    # What computes reads these when it is imported: one thread for everybody.
    os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1"))
    from fesdist.ground.errors import FesdistError
    from storage.errors import StorageError
    from tests.gans.run import run

    try:
        page = run(arguments.stack, arguments.train, arguments.expression)
    except (FesdistError, StorageError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if arguments.out:
        arguments.out.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
