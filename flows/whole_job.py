"""Flow `whole-job`: from a folder of pairs to a promoted version, synthesized faces and a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from prefect import flow

from fesdist.ground.errors import BadParameterError
from fesdist.report.build import Report as Written
from fesdist.requests.build import Request, request_from, verb_of
from fesdist.requests.groups import Computing
from fesdist.requests.learning import Train
from fesdist.requests.signature import takes
from fesdist.requests.stacks import Ingest
from fesdist.requests.using import Evaluate, Report, Synthesize
from flows.evaluate import evaluate_stage
from flows.ingest import ingest_stage
from flows.promote import promote_if_better
from flows.report import report_stage
from flows.synthesize import synthesize_stage
from flows.train import train_stage

Options = dict[str, Any]


@flow(name="whole-job")
@takes(Computing)
def whole_job(
    request: Computing,
    pairs: str,
    photographs: str,
    folder: str,
    name: str = "faces",
    alias: str = "production",
    ingesting: Options | None = None,
    training: Options | None = None,
    synthesizing: Options | None = None,
) -> Written:
    """Train on the folder `pairs`, evaluate, promote, synthesize the folder `photographs`, and write a report.

    The stack, the weights, the synthesized faces and the report are written below `folder`. `ingesting`, `training`
    and `synthesizing` hold further options of `fesdist ingest`, `train` and `synthesize`, such as {"window": 7}.
    `alias` is moved to the version if it beats both baselines on held-out people; otherwise the photographs get the
    version that the alias names, if it names one. Repeated, the flow does only what has changed.
    """
    stack, store, report, out = (
        str(Path(folder, file)) for file in ("stack.zarr", "weights", "report.html", "synthesized")
    )
    place, used = asdict(request), {"store": store, "reference": name}
    # All three before the first: a wrong word for the last stage must not cost the others.
    to_ingest = _request(Ingest, ingesting, photographs=pairs, stack=stack)
    to_train = _request(Train, training, stack=stack, store=store, name=name, if_changed=True, **place)
    to_synthesize = _request(Synthesize, synthesizing, photographs=photographs, out=out, **used, **place)

    ingest_stage(to_ingest)
    version = f"{name}@{train_stage(to_train).version}"
    evaluation = evaluate_stage(Evaluate(stack=stack, store=store, reference=version, **place))
    serving = promote_if_better(store, evaluation, alias)
    synthesize_stage(replace(to_synthesize, reference=f"{name}@{serving}"))
    return report_stage(Report(store=store, reference=version, out=report, stack=stack, memory=request.memory))


def _request(request: type[Request], options: Mapping[str, Any] | None, **given: Any) -> Request:
    """Return a request; raises BadParameterError for bad options, and for those that are `given`."""
    if taken := sorted((options or {}).keys() & given.keys()):
        raise BadParameterError(
            f"the whole job itself sets {', '.join(taken)} of {verb_of(request)!r}; expected other options, leave "
            "these out"
        )
    return request_from(request, {**(options or {}), **given})
