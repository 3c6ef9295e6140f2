"""`python -m tests.benchmarks [--quick] [--json FILE] [--history FILE]`: measure speeds and limits, and keep them."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table and the facts of the machine here")
    parser.add_argument("--history", type=Path, metavar="FILE", help="append the run to this file, as one line of JSON")
    parser.add_argument("--quick", action="store_true", help="the rows that take seconds, without large stacks")
    arguments = parser.parse_args()
    # numpy and numba read these when they are imported. Two threads are ours to share out, so BLAS gets one in each.
    os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1"))
    with tempfile.TemporaryDirectory(prefix="fesdist-bench-") as folder:
        os.environ["NUMBA_CACHE_DIR"] = str(Path(folder) / "kernels")
        from tests.benchmarks.suite import run

        run(Path(folder), arguments.json, arguments.quick, arguments.history)


if __name__ == "__main__":
    main()
