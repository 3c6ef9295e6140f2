"""`fesdist watch`: put expressions on photographs as they arrive in a folder."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from fesdist.cli.console import say, warn
from fesdist.cli.notices import tell
from fesdist.cli.synthesize import carry_out as synthesize
from fesdist.cli.synthesize import check, record_of
from fesdist.ground.counting import counted
from fesdist.ground.errors import BadParameterError
from fesdist.ground.notices import Notice
from fesdist.images.listing import Exclusion
from fesdist.inference.summary import SynthesisSummary
from fesdist.inference.watching import Inbox, watch
from fesdist.requests.exits import EXIT_NOTICED, EXIT_SOME_FAILED
from fesdist.requests.using import Watch

_MOST_SECONDS = 86_400
"""From look to look."""


def run(request: Watch) -> int:
    """Watch until nothing comes any more, or for ever; return 0, or 3 if some photographs failed."""
    summaries, failed, noticed = carry_out(request), 0, False
    told: tuple[Notice, ...] = ()
    (warn if request.json else say)(f"watching {request.photographs}; Ctrl-C ends it, and what was finished is stored")
    for summary in summaries:
        if request.json:
            say(json.dumps(record_of(summary)))
        else:
            _tell(summary, told)
        told = summary.notices
        failed, noticed = failed + summary.failed.n, noticed or bool(summary.notices)
    return EXIT_SOME_FAILED if failed else EXIT_NOTICED if noticed and request.strict else 0


def carry_out(request: Watch) -> Iterator[SynthesisSummary]:
    """Return what becomes of the photographs of each look, as they come.

    Raises BadParameterError for a folder that is none, at once, as everything else that is wrong with what was asked
    for: somebody who leaves it alone would learn of that from the first photograph. Later as `synthesize_folder`.
    """
    folder, settings = Path(request.photographs), request.settings()
    if not folder.is_dir():
        raise BadParameterError(f"{folder} is no folder; expected one that exists, into which photographs will come")
    if not 0 <= request.every <= _MOST_SECONDS:
        raise BadParameterError(f"--every {request.every:g}: expected seconds from 0 to {_MOST_SECONDS}, a day")
    if request.idle is not None and not 0 <= request.idle < math.inf:
        raise BadParameterError(
            f"--idle {request.idle:g}: expected seconds, 0 or more; leave it out to watch until Ctrl-C"
        )
    check(request)
    inbox = Inbox(folder, Path(request.out), Exclusion(settings.exclude))
    # What was done before is known by the folder of outputs; --force counts for none of it, as it would repeat all.
    quietly = replace(request, force=False)
    arrivals = watch(inbox.arrived, request.every, request.idle)
    return (synthesize(quietly, only=names) for names in arrivals)


def _tell(summary: SynthesisSummary, told: Collection[Notice]) -> None:
    """Tell what one look brought, without the notices that the look before it brought as well."""
    clock = time.strftime("%H:%M:%S")
    if summary.done:
        made = counted(summary.n_outputs, "image")
        say(f"{clock}  {counted(summary.done, 'photograph')} done by {summary.reference}, {made} in {summary.out}")
    tell([notice for notice in summary.notices if notice not in told], f"{clock}  ")
