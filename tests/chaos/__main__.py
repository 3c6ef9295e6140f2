"""`python -m tests.chaos --kills N --seed S`: as many rounds as it takes, and a table of what happened in them.

Which troubles come, and in which order, follows from the seed; what each finds running at its instant does not.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

from storage.blobs.location import open_location
from storage.datasets.store import WeightStore
from tests.chaos.bucket import Misbehaviour, bucket
from tests.chaos.house import SETTINGS, House, train_command
from tests.chaos.leftovers import files_of
from tests.chaos.rounds import Round, Tally
from tests.chaos.table import table
from tests.chaos.troubles import PLACES, Scene, troubles
from tests.fesdist.training.stacks import write_stack
from tests.storage.places import BUCKET, KEYS, mounted

TROUBLES_PER_ROUND = 5
DISK_BYTES = 32 << 20
EXIT_INTERRUPTED = 130


def run(
    kills: int, seed: int, folder: Path, places: tuple[str, ...] = tuple(PLACES), per_round: int = TROUBLES_PER_ROUND
) -> Tally:
    """Play rounds until so many processes were killed, terminated or stopped, or until something is wrong."""
    tally = Tally()
    draws = random.Random(seed)
    misbehaviour = Misbehaviour(seed)
    temporary, slow = folder / "tmp", folder / "slow"
    temporary.mkdir()
    environment = {**os.environ, **SETTINGS, **KEYS, "TMPDIR": str(temporary), "CHAOS_SLOW": str(slow)}
    shims = Path(__file__).parent / "slow"
    environment["PYTHONPATH"] = os.pathsep.join([str(shims), os.environ.get("PYTHONPATH", "")])
    stack = write_stack(folder / "stack.zarr", side=320, people=16, expressions=("happy",))
    alone = str(folder / "alone")
    subprocess.run(train_command(stack, alone, "--workers", "0"), check=True, capture_output=True)
    checksums, files = WeightStore(alone).open("chaos").checksums, files_of(open_location(alone))
    with ExitStack() as opened:
        honest, endpoint = opened.enter_context(bucket(misbehaviour)) if "bucket" in places else ("", "")
        opened.enter_context(mock.patch.dict(os.environ, {**KEYS, "AWS_ENDPOINT_URL": honest}))
        environment["AWS_ENDPOINT_URL"] = endpoint
        disk = folder / "disk" if opened.enter_context(mounted(folder / "disk", DISK_BYTES)) else None
        house = House(folder, environment)
        opened.callback(house.close)
        decks = {place: troubles(place, draws) for place in places}
        while tally.kills < kills and not tally.faults:
            place = places[tally.rounds % len(places)]
            scene = Scene(house, misbehaviour, slow, disk, local=place == "local")
            logs = folder / f"round-{tally.rounds}"
            logs.mkdir()
            name = f"weights-{tally.rounds}"
            store = f"s3://{BUCKET}/{name}" if place == "bucket" else str((disk or folder) / name)
            played = Round(scene, stack, store, logs, environment)
            played.play(decks[place], per_round, draws, tally)
            if not tally.faults:
                wrong = played.compare(checksums, files, temporary)
                tally.faults += [f"round {tally.rounds} ({place}): {fault}" for fault in wrong]
            open_location(store).delete("")
            tally.rounds += 1
            print(f"round {tally.rounds} ({place}): {tally.kills} of {kills} kills", file=sys.stderr, flush=True)
    return tally


def main() -> int:
    """Return 0 if the bits were the same each time and nothing was left, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=40, help="signals to processes at least (default: 40)")
    parser.add_argument(
        "--seed", type=int, default=int(time.time()), help="of troubles and their order (default: the time)"
    )
    parser.add_argument("--places", nargs="+", choices=list(PLACES), default=list(PLACES), help="where to train")
    words = parser.parse_args()
    print(f"seed {words.seed}", file=sys.stderr)
    for number in (signal.SIGINT, signal.SIGTERM):  # whatever was inherited: all that was started is ended first
        signal.signal(number, lambda *_: sys.exit(EXIT_INTERRUPTED))
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="fesdist-chaos-"))
    tally = run(words.kills, words.seed, folder, tuple(words.places))
    print(table(tally, time.monotonic() - began))
    if tally.faults:
        print(f"logs: {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
