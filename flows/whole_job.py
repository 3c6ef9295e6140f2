"""Flow `whole-job`: from a folder of pairs to a promoted version, synthesized faces and a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import Flow, flow

from fesdist.ground.errors import BadParameterError
from fesdist.report.build import Report
from flows.evaluate import evaluate_stage
from flows.ingest import ingest
from flows.promote import promote_if_better
from flows.report import report_stage
from flows.stage import cluster_settings
from flows.synthesize import synthesize
from flows.train import train


@flow(name="whole-job")
def whole_job(
    pairs: str,
    photographs: str,
    folder: str,
    name: str = "faces",
    alias: str = "production",
    ingesting: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
    synthesizing: dict[str, Any] | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    memory_mib: int = 1024,
) -> Report:
    """Train on the folder `pairs`, evaluate, promote, synthesize the folder `photographs`, and write a report.

    The stack, the weights, the synthesized faces and the report are written below `folder`. `ingesting`, `training`
    and `synthesizing` hold further parameters of the flows `ingest`, `train` and `synthesize`, such as
    {"window": 7}. `alias` is moved to the version if it beats both baselines on held-out people; otherwise the
    photographs get the version that the alias names, if it names one. Repeated, the flow does only what has changed.
    """
    out = Path(folder)
    stack, store, report = str(out / "stack.zarr"), str(out / "weights"), str(out / "report.html")
    cluster: dict[str, Any] = {"scheduler": scheduler, "workers": workers, "memory_mib": memory_mib}
    settings = cluster_settings(**cluster)
    # All three before the first: a wrong word for the last stage must not cost the others.
    to_ingest = _parameters(ingest, ingesting, photographs=pairs, stack=stack)
    to_train = _parameters(train, training, stack=stack, store=store, name=name, if_changed=True, alias=None, **cluster)
    to_synthesize = _parameters(
        synthesize,
        synthesizing,
        photographs=photographs,
        out=str(out / "synthesized"),
        store=store,
        reference=name,
        **cluster,
    )

    # The functions of the flows, not the flows: their stages belong to this run, which can be cancelled as one.
    ingest.fn(**to_ingest)
    version = train.fn(**to_train).version
    evaluation = evaluate_stage(stack, store, f"{name}@{version}", settings)
    serving = promote_if_better(store, evaluation, alias)
    synthesize.fn(**to_synthesize | {"reference": f"{name}@{serving}"})
    return report_stage(stack, store, f"{name}@{version}", report, settings.memory)


def _parameters(called: Flow[..., Any], options: dict[str, Any] | None, **given: Any) -> dict[str, Any]:
    """Return the parameters of a call, checked by Prefect; raises BadParameterError for options that are `given`."""
    options = options or {}
    if taken := sorted(options.keys() & given.keys()):
        raise BadParameterError(
            f"the whole job itself sets {', '.join(taken)} of the flow {called.name!r}; expected other parameters of "
            "that flow, leave these out"
        )
    return called.validate_parameters({**options, **given})
