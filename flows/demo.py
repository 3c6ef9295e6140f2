"""`python -m flows.demo FOLDER`: the whole job on generated faces; everything it writes is below FOLDER."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from fesdist.cli.console import outcome_line, progress, say, warn
from fesdist.cli.stopping import Stopped, stopped_as_by_ctrl_c
from fesdist.faces.generate import write_faces
from fesdist.ground.counting import counted
from fesdist.ground.errors import FesdistError
from fesdist.ground.options import check_on_disk
from fesdist.requests.exits import EXIT_ERROR
from flows.embedded import start_embedded
from storage.blobs.disk import make_folder, telling_disk_errors
from storage.errors import StorageError

PEOPLE = 60
STRANGERS = 12
"""People whom no model has seen, to be synthesized."""
SIZE = 128
EXPRESSIONS = ("neutral", "happy", "sad", "surprised")


def run(folder: Path, people: int = PEOPLE, size: int = SIZE) -> None:
    """Draw faces, and run the flow `whole-job` on them with an embedded Prefect."""
    pairs, strangers = folder / "pairs", folder / "strangers"
    start = time.perf_counter()
    warn("demo: drawing faces")
    n_people = draw(pairs, people, size, EXPRESSIONS, seed=0)
    n_strangers = draw(strangers, STRANGERS, size, EXPRESSIONS[:1], seed=1)
    drawn = time.perf_counter()
    drawing = f"{counted(n_people, 'person')} with {len(EXPRESSIONS)} expressions, {counted(n_strangers, 'stranger')}"
    say(outcome_line("faces", drawn - start, drawing))
    warn("demo: starting Prefect")
    start_embedded(folder / "prefect")
    from flows.whole_job import whole_job

    say(outcome_line("prefect", time.perf_counter() - drawn, "started, embedded"))
    report = whole_job(str(pairs), str(strangers / EXPRESSIONS[0]), str(folder))
    say(f"open {report.path}")


def draw(folder: Path, people: int, size: int, expressions: Sequence[str], seed: int) -> int:
    """Write generated faces to `folder`, unless an earlier run did, of however many; return of how many people."""
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        with progress("drawing faces", "faces") as report:
            write_faces(partial, people, size, expressions, seed, on_progress=report)
        partial.rename(folder)
    return len(list((folder / expressions[0]).glob("*.png")))


def main() -> int:
    """Run the demo and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m flows.demo", description="The whole job on generated faces.")
    parser.add_argument("folder", help="where everything is written; created if absent")
    parser.add_argument("--people", type=int, default=PEOPLE, help="people to train on (default: %(default)s)")
    parser.add_argument("--size", type=int, default=SIZE, help="rows and columns of the faces (default: %(default)s)")
    given = parser.parse_args()
    folder = Path(given.folder)
    try:
        check_on_disk(given.folder)
        with telling_disk_errors(given.folder):
            make_folder(folder)
        # Dask's workers keep their files in the first, and compiled kernels are kept in the second.
        os.environ["DASK_TEMPORARY_DIRECTORY"] = str(folder.absolute() / "scratch")
        os.environ["XDG_CACHE_HOME"] = str(folder.absolute() / "cache")
        with stopped_as_by_ctrl_c():
            run(folder, given.people, given.size)
    except (FesdistError, StorageError) as error:
        warn(f"demo: error: {error}")
        return EXIT_ERROR
    except Stopped as stop:
        warn("demo: interrupted; what was finished is stored, the same command continues")
        return 128 + stop.signal
    return 0


if __name__ == "__main__":
    sys.exit(main())
