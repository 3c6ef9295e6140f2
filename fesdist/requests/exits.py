"""The exit codes of all commands, and what each says."""

from __future__ import annotations

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_SOME_FAILED = 3
EXIT_NOTICED = 4
EXIT_INTERRUPTED = 130
EXIT_READER_GONE = 141
"""What a shell reports of programs that SIGPIPE ends."""

EXITS = {
    0: "all was done",
    EXIT_ERROR: "an error ended it, which is told, or the output could not be written where that was all there was to "
    "do; of versions and verify also that something is damaged",
    EXIT_USAGE: "the words make no request",
    EXIT_SOME_FAILED: "some files, or some models, failed, or synthesize could use no photograph; all else was done",
    EXIT_NOTICED: "with --strict: all was done, and something was changed, left out or is in doubt",
    EXIT_INTERRUPTED: "interrupted: what was finished is stored, the same command continues; 129 by SIGHUP, 143 by "
    "SIGTERM",
    EXIT_READER_GONE: "the reader of a pipe has gone",
}
"""What each code says, for people."""
