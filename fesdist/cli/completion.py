"""`fesdist completion`: the script by which a shell completes what is typed."""

from __future__ import annotations

from fesdist.cli.console import say
from fesdist.requests.completion import completion
from fesdist.requests.sharing import Completion


def run(request: Completion) -> int:
    """Print the script."""
    say(completion(request.shell).rstrip("\n"))
    return 0
