"""Flow `whole-job`: from a folder of pairs to a promoted version, synthesized faces and a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from prefect import flow

from fesdist.ground.errors import BadParameterError
from fesdist.ground.options import option
from fesdist.report.build import Report as Written
from fesdist.requests.build import Request, request_from, verb_of
from fesdist.requests.groups import Computing, on_disk_argument
from fesdist.requests.learning import Train
from fesdist.requests.measuring import Evaluate, Report
from fesdist.requests.signature import takes
from fesdist.requests.stacks import Ingest
from fesdist.requests.using import Synthesize
from flows.evaluate import evaluate_stage
from flows.ingest import ingest_stage
from flows.promote import promote_if_better
from flows.report import report_stage
from flows.synthesize import synthesize_stage
from flows.train import train_stage

Options = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class WholeJob(Computing):
    """From a folder of pairs to a report."""

    pairs: str = on_disk_argument("folder of pairs to train on")
    photographs: str = on_disk_argument("folder of photographs to synthesize")
    folder: str = on_disk_argument("folder below which stack, weights, synthesized faces and report are written")
    name: str = option("faces", "name of the model")
    alias: str = option("production", "what is moved to the version if it beats both baselines")
    ingesting: Options | None = option(None, "further options of `ingest`")
    training: Options | None = option(None, 'further options of `train`, such as {"window": 7}')
    synthesizing: Options | None = option(None, "further options of `synthesize`")


@flow(name="whole-job")
@takes(WholeJob)
def whole_job(request: WholeJob) -> Written:
    """Train on the folder `pairs`, evaluate, promote, synthesize the folder `photographs`, and write a report.

    `alias` is moved to the version if it beats both baselines on held-out people; otherwise the photographs get the
    version that the alias names, if it names one. Repeated, the flow does only what has changed.
    """
    stack, store, report, out = (
        str(Path(request.folder, file)) for file in ("stack.zarr", "weights", "report.html", "synthesized")
    )
    place = {each.name: getattr(request, each.name) for each in fields(Computing)}
    # All three before the first: a wrong word for the last stage must not cost the others.
    to_ingest = _request(Ingest, request.ingesting, photographs=request.pairs, stack=stack)
    to_train = _request(Train, request.training, stack=stack, store=store, name=request.name, if_changed=True, **place)
    used = {"photographs": request.photographs, "out": out, "store": store, "reference": request.name}
    to_synthesize = _request(Synthesize, request.synthesizing, **used, **place)

    ingest_stage(to_ingest)
    version = f"{request.name}@{train_stage(to_train).version}"
    evaluation = evaluate_stage(Evaluate(stack=stack, store=store, reference=version, **place))
    serving = promote_if_better(store, evaluation, request.alias)
    synthesize_stage(replace(to_synthesize, reference=f"{request.name}@{serving}"))
    return report_stage(Report(store=store, reference=version, out=report, stack=stack, memory=request.memory))


def _request(request: type[Request], options: Mapping[str, Any] | None, **given: Any) -> Request:
    """Return a request; raises BadParameterError for bad options, and for those that are `given`."""
    if taken := sorted((options or {}).keys() & given.keys()):
        raise BadParameterError(
            f"the whole job itself sets {', '.join(taken)} of {verb_of(request)!r}; expected other options, leave "
            "these out"
        )
    return request_from(request, {**(options or {}), **given})
