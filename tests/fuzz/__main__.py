"""`python -m tests.fuzz --inputs N --seed S`: damaged inputs, shared among all kinds, and a table of outcomes."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.batches import BATCH, outcomes_of
from tests.fuzz.readers import KINDS


def main() -> int:
    """Return 0 if each input had a clear error or an answer, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000, help="damaged inputs in all (default: 10000)")
    parser.add_argument("--seed", type=int, default=0, help="of the first input; the others follow (default: 0)")
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS), help="what is read")
    words = parser.parse_args()
    each = -(-words.inputs // len(words.kinds))
    n_faults = 0
    for kind in words.kinds:
        began, outcomes, found = time.monotonic(), Counter[str](), list[str]()
        with tempfile.TemporaryDirectory(prefix="fesdist-fuzz-") as folder:
            originals = Path(folder, "originals")
            originals.mkdir()
            KINDS[kind].make(originals)
            for first in range(0, each, BATCH):
                seeds = range(words.seed + first, words.seed + min(first + BATCH, each))
                for seed, outcome in outcomes_of(kind, originals, Path(folder, "damaged"), seeds):
                    known = outcome in ("answer", "error")
                    outcomes[outcome if known else "fault"] += 1
                    if not known:
                        found.append(f"{kind}, seed {seed}: {outcome}")
        counts = ", ".join(f"{number} {what}" for what, number in outcomes.most_common())
        print(f"{kind:<20}{each:>6} inputs {time.monotonic() - began:>6.0f} s  {counts}", *found, sep="\n", flush=True)
        n_faults += len(found)
    return 1 if n_faults else 0


if __name__ == "__main__":
    sys.exit(main())
