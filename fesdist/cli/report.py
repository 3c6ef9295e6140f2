"""`fesdist report`: one HTML file that shows what a version does to faces, how good it is and what it has learned."""

from __future__ import annotations

import argparse

from fesdist.cli.console import progress, say, size, warn
from fesdist.cli.options import add_memory_option

NAME = "report"
SUMMARY = "Write one HTML file with faces, errors and maps of a version."
EXAMPLE = """fesdist report weights london
fesdist report weights london@production --out report.html --stack stack.zarr --people 8"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("weights", help="weight store: a folder, or s3://bucket/prefix")
    parser.add_argument("reference", help="name, name@3 or name@alias")
    parser.add_argument("--out", metavar="FILE", help="a file, or a folder for it (default: NAME-VERSION.html)")
    parser.add_argument("--stack", metavar="STACK", help="stack of the faces to show (default: that of the training)")
    parser.add_argument("--people", type=int, default=6, metavar="N", help="people to show (default: 6)")
    add_memory_option(parser, "this process")


def run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from fesdist.cluster.settings import DEFAULT_MEMORY
    from fesdist.report.build import write_report
    from storage.datasets.store import WeightStore

    name, number = WeightStore(arguments.weights).resolve(arguments.reference)
    out = Path(arguments.out or ".")
    if out.is_dir():
        out /= f"{name}-{number}.html"
    with progress("report", "expressions") as advance:
        report = write_report(
            arguments.weights,
            f"{name}@{number}",
            out,
            stack_path=arguments.stack,
            people=arguments.people,
            memory=arguments.memory or DEFAULT_MEMORY,
            on_progress=advance,
        )
    if report.missing:
        warn(f"warning: the report has no faces: {report.missing}")
    if not report.evaluated:
        warn(f"warning: {name}@{number} has not been evaluated; `fesdist evaluate` adds its errors to the next report")
    say(f"{report.path}: {size(report.n_bytes)}")
    return 0
