"""`fesdist faces`: a folder of drawn faces, the same people with every expression."""

from __future__ import annotations

import argparse

from fesdist.cli.console import counted, people, progress, say
from fesdist.cli.options import add_expressions_option

NAME = "faces"
SUMMARY = "Draw people with several expressions, for a first visit, for tests and for benchmarks."
EXAMPLE = (
    "fesdist faces pairs --people 40 --size 128\nfesdist faces big --people 4 --size 2048 --expressions neutral,happy"
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="OUT", help="folder to write; gets OUT/<expression>/<person>.png")
    parser.add_argument("--people", type=int, default=40, metavar="N", help="how many people (default: 40)")
    parser.add_argument("--size", type=int, default=128, metavar="PIXELS", help="side, 16 to 4096 (default: 128)")
    add_expressions_option(parser, "beside neutral, from which they start, draw")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other people (default: 0)")


def run(arguments: argparse.Namespace) -> int:
    from fesdist.faces.expression import EXPRESSIONS
    from fesdist.faces.generate import write_faces

    expressions = tuple(dict.fromkeys((EXPRESSIONS[0], *(arguments.expressions or EXPRESSIONS))))
    with progress("drawing", "faces") as report:
        n = write_faces(
            arguments.folder, arguments.people, arguments.size, expressions, arguments.seed, on_progress=report
        )
    say(f"{counted(n, 'face')} of {people(arguments.people)} ({', '.join(expressions)}) in {arguments.folder}")
    return 0
