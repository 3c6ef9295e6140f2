"""`python -m fesdist.gallery OUT`: trains every model on drawn faces, and on photographs, and shows where they fail."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from fesdist.cluster.settings import ClusterSettings
from fesdist.faces.generate import write_faces
from fesdist.gallery.collection import MODELS, Source, collect
from fesdist.gallery.page import page
from fesdist.ground.errors import FesdistError
from fesdist.ground.files import write_whole
from fesdist.ground.options import check_on_disk
from fesdist.images.ingest import ingest
from storage.errors import StorageError

PEOPLE, SIDE, TARGET = 60, 96, "happy"

LONDON = "The Face Research Lab London Set (DeBruine & Jones 2017, CC BY 4.0), aligned, 128 x 128 pixels, changed here."


def main() -> int:
    """Make the gallery and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m fesdist.gallery", description=__doc__)
    parser.add_argument("out", help="folder for everything; what is there is not trained again")
    parser.add_argument("--models", default=",".join(MODELS), help="these only (default: %(default)s)")
    parser.add_argument("--people", type=int, default=PEOPLE, help="drawn people (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=0, help="local processes; 0 is this one (default)")
    said = parser.parse_args()
    out = Path(said.out)
    try:
        check_on_disk(said.out)
        out.mkdir(parents=True, exist_ok=True)
        settings = ClusterSettings(workers=said.workers)
        collections = [
            collect(source, Path(source.stack).parent, said.models.split(","), settings, _tell)
            for source in _sources(out, said.people)
        ]
        write_whole(out / "gallery.html", page(collections), "the gallery")
    except (FesdistError, StorageError, OSError) as error:
        print(f"gallery: error: {error}", file=sys.stderr)
        return 1
    print(f"open {out / 'gallery.html'}")
    return 0


def _sources(out: Path, people: int) -> Iterator[Source]:
    """Yield drawn faces, and the photographs of London where the folder FESDIST_DATA has them."""
    pairs, stack = out / f"drawn-{people}" / "pairs", out / f"drawn-{people}" / "stack.zarr"
    if not stack.exists():
        write_faces(pairs, people, SIDE, ("neutral", TARGET))
    ingest(pairs, stack)
    yield Source("Drawn faces", "Faces that fesdist draws itself.", str(stack), TARGET)
    photographs = Path(os.environ.get("FESDIST_DATA", "")) / "london_aligned_128"
    if photographs.is_dir():
        stack = out / "photographs" / "stack.zarr"
        ingest(photographs, stack)
        yield Source("Photographs", LONDON, str(stack), "smiling")


def _tell(done: float, total: int, note: str) -> None:
    print(f"{done} of {total}: {note}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
