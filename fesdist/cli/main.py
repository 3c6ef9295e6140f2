"""The `fesdist` command: words to subcommands, errors to one line and an exit code."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

SUBCOMMANDS = (
    "ingest",
    "plan",
    "tune",
    "train",
    "versions",
    "promote",
    "rollback",
    "synthesize",
    "evaluate",
    "compare",
    "report",
    "faces",
)
"""Modules of this room, in the order in which a user meets them."""

_FIRST_VISIT = """a first visit:
  fesdist faces pairs --people 40
  fesdist ingest pairs stack.zarr
  fesdist plan stack.zarr
  fesdist train stack.zarr weights --name first
  fesdist report weights first
"""

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130
EXIT_READER_GONE = 141
"""What a shell reports of programs that SIGPIPE ends."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all subcommands; it imports nothing heavy, so that help comes at once."""
    parser = argparse.ArgumentParser(
        prog="fesdist",
        description="Train per-pixel linear models of facial expressions, and put expressions on folders of faces.",
        epilog=_FIRST_VISIT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fesdist {_version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in SUBCOMMANDS:
        module = importlib.import_module(f"fesdist.cli.{name}")
        command = commands.add_parser(
            module.NAME,
            help=module.SUMMARY,
            description=module.SUMMARY,
            epilog=f"example:\n{_indented(module.EXAMPLE)}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.configure(command)
        command.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code.

    0, 1 on an error, 2 on wrong usage, 3 if some files failed, 130 when interrupted, 141 when the reader of a pipe
    (`| head`) has gone.
    """
    try:
        try:
            return _run(arguments)
        finally:
            print(end="", flush=True)  # what --help has written, too
    except BrokenPipeError:
        # Keep the interpreter from complaining while it flushes.
        for stream in (sys.stdout, sys.stderr):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return EXIT_READER_GONE


def _run(arguments: Sequence[str] | None) -> int:
    parsed = build_parser().parse_args(arguments)
    from fesdist.ground.errors import FesdistError
    from storage.errors import StorageError

    try:
        return int(parsed.run(parsed))
    except (FesdistError, StorageError) as error:
        print(f"fesdist: error: {error}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print("fesdist: interrupted; what was finished is stored, the same command continues", file=sys.stderr)
        return EXIT_INTERRUPTED


def _version() -> str:
    from importlib.metadata import version

    return version("fesdist")


def _indented(text: str) -> str:
    return "\n".join(f"  {line.strip()}" for line in text.strip().splitlines())


if __name__ == "__main__":
    sys.exit(main())
