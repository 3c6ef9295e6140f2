"""`python -m tests.benchmarks.flame STORE MODEL SVG`: draw where the time of a training went, as reports do."""

from __future__ import annotations

import argparse
from importlib.resources import files
from pathlib import Path

from fesdist.ground.metrics import RunMetrics
from fesdist.report.flame_chart import flame_chart
from fesdist.report.template import template
from storage.datasets.store import WeightStore

STYLE = "".join(
    (
        "<style>text{font:13px sans-serif;fill:#fff}.of-0 text{fill:#222}rect{stroke:#fff}",
        *(
            f".of-{number} rect{{fill:{colour}}}"
            for number, colour in enumerate(
                ("#e4dfd7", "#0b66ad", "#c2481a", "#1c7a51", "#8a3da3", "#96700a", "#0b7f8b", "#c02b6b", "#5b574f")
            )
        ),
        "</style>",
    )
)


def draw(store: str, reference: str) -> str:
    """Return the drawing of a version as an SVG document; raises ValueError if it does not tell where its time went."""
    chart = flame_chart(WeightStore(store).open(reference).manifest.measured(RunMetrics))
    if chart is None:
        raise ValueError(f"{reference} does not tell where its time went; expected a version that `fesdist train` made")
    flame = template(Path(str(files("fesdist.report") / "flame.html"))).module
    drawn = str(flame.flame(chart)).strip()  # type: ignore[attr-defined]
    head, _, rest = drawn.partition("\n")
    return f"{head}\n{STYLE}\n{rest}\n"


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("store", "model", "svg"):
        parser.add_argument(name)
    arguments = parser.parse_args()
    Path(arguments.svg).write_text(draw(arguments.store, arguments.model), encoding="utf-8")


if __name__ == "__main__":
    main()
