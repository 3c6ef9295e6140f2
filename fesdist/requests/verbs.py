"""All that people can ask for, by the verb that asks for it, in the order in which they meet it."""

from __future__ import annotations

from typing import Any

from fesdist.requests.build import verb_of
from fesdist.requests.learning import Plan, Train, Tune
from fesdist.requests.measuring import Compare, Evaluate, Report
from fesdist.requests.sharing import Completion, Export, Import
from fesdist.requests.stacks import Divide, Faces, Ingest, Replace
from fesdist.requests.using import Synthesize, Watch
from fesdist.requests.weights import Copy, Delete, History, Promote, Rollback, Show, Verify, Versions

_REQUESTS: tuple[type[Any], ...] = (
    *(Ingest, Replace, Divide, Plan, Tune, Train),
    *(Versions, Promote, Rollback, History, Show, Verify, Copy, Delete),
    *(Synthesize, Watch, Evaluate, Compare, Report, Export, Import, Faces, Completion),
)

LONG = frozenset(map(verb_of, (Ingest, Divide, Plan, Tune, Train, Verify, Copy, Synthesize, Evaluate, Compare, Report)))
"""Verbs that may take so long that people want to know at once that something is being done."""

VERBS = {verb_of(request): request for request in _REQUESTS}
