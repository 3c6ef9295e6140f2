"""`python -m tests.benchmarks.history FILE SVG`: draw the series of all runs, one small chart a row."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.benchmarks.rows import Row

COLUMNS, WIDTH, HEIGHT, MARGIN = 3, 330, 130, 24
"""Charts side by side; pixels of one of them, and of the space around its curve."""


@dataclass(frozen=True)
class Chart:
    """One row of the benchmarks over all runs that have it: its share of what the machine could do at best."""

    name: str
    x: int
    y: int
    points: tuple[tuple[float, float, str], ...]
    """Places in the drawing, y growing downward, each with its title."""
    first: str
    last: str


def append(path: Path, machine: dict[str, Any], rows: Iterable[Row]) -> None:
    """Add one line of JSON for a run: the facts of the machine with its limits, and for each row its median seconds,
    its share of the bound, and the ratio to its peer (null where it has none).
    """
    measured = {
        row.name: {
            "seconds": row.seconds.median,
            "of_bound": row.of_bound,
            "ratio": None if row.ratio is None else row.ratio.median,
        }
        for row in rows
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**machine, "rows": measured}) + "\n")


def read(path: Path) -> list[dict[str, Any]]:
    """Return the runs that a file holds, the oldest first."""
    return sorted(map(json.loads, path.read_text(encoding="utf-8").splitlines()), key=lambda run: str(run["when"]))


def charts(runs: Sequence[dict[str, Any]]) -> list[Chart]:
    """Return one chart for each row of any run, in the order of the newest run.

    Shares of the bound are drawn, not seconds: another machine has other limits, which divide out.
    """
    names = list(dict.fromkeys(name for run in reversed(runs) for name in run["rows"]))
    return [_chart(name, number, runs) for number, name in enumerate(names)]


def draw(runs: Sequence[dict[str, Any]]) -> str:
    """Return the series as a drawing, SVG."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    drawn = charts(runs)
    size = {"width": COLUMNS * WIDTH, "height": -(-len(drawn) // COLUMNS) * HEIGHT, "wide": WIDTH, "high": HEIGHT}
    return environment.get_template("history.svg").render(charts=drawn, margin=MARGIN, **size)


def _chart(name: str, number: int, runs: Sequence[dict[str, Any]]) -> Chart:
    row, column = divmod(number, COLUMNS)
    shares = [(place, run["rows"][name]["of_bound"], run) for place, run in enumerate(runs) if name in run["rows"]]
    top = max(share for _, share, _ in shares)
    step, height = (WIDTH - 2 * MARGIN) / max(len(runs) - 1, 1), HEIGHT - 2.5 * MARGIN
    points = tuple(
        (
            round(MARGIN + step * place, 1),
            round(HEIGHT - MARGIN - height * share / top, 1),
            f"{run['when'][:10]}, {run['versions']['fesdist']}, {run['processor']}: {share:.1%} of the bound, "
            f"{run['rows'][name]['seconds']:.4g} s",
        )
        for place, share, run in shares
    )
    return Chart(name, column * WIDTH, row * HEIGHT, points, f"{shares[0][1]:.1%}", f"{shares[-1][1]:.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.history", description=__doc__)
    parser.add_argument("history", type=Path, help="one line of JSON a run, as `make bench` appends it")
    parser.add_argument("drawing", type=Path, help="SVG file to write")
    arguments = parser.parse_args()
    if not arguments.history.exists():
        parser.error(f"{arguments.history} does not exist; run `make bench` first")
    arguments.drawing.parent.mkdir(parents=True, exist_ok=True)
    arguments.drawing.write_text(draw(read(arguments.history)), encoding="utf-8")
    print(arguments.drawing)


if __name__ == "__main__":
    main()
