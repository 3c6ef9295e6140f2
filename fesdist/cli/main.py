"""The `fesdist` command: words to a request, errors to one line and an exit code."""

from __future__ import annotations

import argparse
import atexit
import errno
import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from fesdist.cli.stopping import Stopped, stopped_as_by_ctrl_c
from fesdist.ground.hidden import check_nothing_hidden
from fesdist.requests.exits import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_READER_GONE

_NO_THREAD = "can't start new thread"
"""What Python says where an account has as many threads and processes as it may have."""

_CURES = {
    errno.ENAMETOOLONG: "give a shorter name",
    errno.EACCES: "this account needs permission to look there, or give another place",
    errno.EIO: "the disk cannot read it: look what the system's log says of it, or give another place",
    errno.ESTALE: "whoever serves this folder has lost it: mount it again",
    errno.ENOTCONN: "whoever serves this folder does not answer: mount it again",
}
"""What to do where the system does not tell what there is at a place."""

_LIMITS = {
    errno.EFBIG: "raise `ulimit -f`, or write to a disk that holds files as large as that; the same command continues",
    errno.EMFILE: "raise `ulimit -n`",
    errno.ENFILE: "end other programs, or have this machine allow more",
}
"""What to do where the system allows no more, of whichever file."""

_FIRST_VISIT = """fesdist faces pairs --people 40
fesdist ingest pairs stack.zarr
fesdist plan stack.zarr
fesdist train stack.zarr weights --name first
fesdist report weights first"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser that knows the verbs and no more; it imports nothing heavy, so that help comes at once."""
    from importlib.metadata import version

    from fesdist.requests.build import summary_of
    from fesdist.requests.parser import indented
    from fesdist.requests.verbs import VERBS

    parser = argparse.ArgumentParser(
        prog="fesdist",
        description="Train per-pixel linear models of facial expressions, and put expressions on folders of faces.",
        epilog=f"a first visit:\n{indented(_FIRST_VISIT)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fesdist {version('fesdist')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for verb, request in VERBS.items():
        commands.add_parser(verb, help=summary_of(request))
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the words ask for, and return the exit code, of which `fesdist.requests.exits` tells."""
    if arguments is None:
        # There is no garbage among what is imported, and to look for it takes a tenth of the time, and once more at the
        # end a quarter of a second.
        gc.disable()
        atexit.register(gc.freeze)
    try:
        # Imports are part of it: people stop a command in its first moments, too.
        return _until_read(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt as stop:
        from fesdist.cli.console import warn

        warn("fesdist: interrupted; what was finished is stored, the same command continues")
        return 128 + stop.signal if isinstance(stop, Stopped) else EXIT_INTERRUPTED


def _until_read(words: Sequence[str]) -> int:
    """Return the exit code, which also tells whether somebody could read what was printed."""
    from fesdist.cli.console import said, to_nowhere

    try:
        try:
            return _run(words)
        except SystemExit as left:
            # Of --help and --version, which argparse prints.
            if said() or left.code:
                raise
            return EXIT_ERROR
    except BrokenPipeError:
        for stream in (sys.stdout, sys.stderr):
            to_nowhere(stream)
        return EXIT_READER_GONE


def _run(words: Sequence[str]) -> int:
    try:
        check_nothing_hidden()
    except ImportError as error:
        print(f"fesdist: error: {error}", file=sys.stderr)
        return EXIT_ERROR
    from fesdist.requests.parser import read_words
    from fesdist.requests.verbs import LONG, VERBS

    if not words or words[0] not in VERBS:
        parser = build_parser()
        parser.parse_args(words)
        parser.error("expected a COMMAND first")
    from fesdist.cli.beginning import EarlyWorkers, foreseen_of_folder, foreseen_of_words
    from fesdist.cli.console import said, warn
    from fesdist.ground.errors import FesdistError
    from storage.errors import StorageError

    verb, *rest = words
    if not _is_somewhere() and not {"-h", "--help"} & set(rest):
        warn("fesdist: error: the folder that this command runs in is gone; `cd` to one that exists, and repeat it")
        return EXIT_ERROR
    if verb in LONG and not {"-h", "--help"} & set(rest):
        # Before the libraries are imported, which takes a while.
        warn(f"fesdist {verb}: starting")
    try:
        with stopped_as_by_ctrl_c(), EarlyWorkers() as workers:
            if foreseen_of_words(VERBS[verb], rest):
                workers.begin(VERBS[verb].TASKS)
            request = read_words(VERBS[verb], rest)
            if foreseen_of_folder(request):
                workers.begin(request.TASKS)
            command = import_module(f"fesdist.cli.{verb}")
            if not gc.isenabled():
                gc.freeze()
                gc.enable()
            code = int(command.run(request))
        return code if said() or not getattr(request, "only_tells", False) else EXIT_ERROR
    except (FesdistError, StorageError) as error:
        warn(f"fesdist: error: {error}")
        return EXIT_ERROR
    except RuntimeError as error:
        if str(error) != _NO_THREAD:
            raise
        warn(f"fesdist: error: {error}: this account may have no more; end other programs, or raise `ulimit -u`")
        return EXIT_ERROR
    except OSError as error:
        if cure := _LIMITS.get(error.errno or 0):
            warn(f"fesdist: error: {error}; {cure}")
            return EXIT_ERROR
        # Of a place that nobody could even look at, whatever for.
        if error.filename is None or error.errno not in _CURES:
            raise
        warn(f"fesdist: error: {error.filename}: {error.strerror}; {_CURES[error.errno]}")
        return EXIT_ERROR


def _is_somewhere() -> bool:
    """Return whether there is a current folder: libraries ask for it as they are imported, workers as they begin."""
    try:
        Path.cwd()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
