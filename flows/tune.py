"""Flow `tune`: options are chosen by cross-validation, and written as a configuration for the flow `train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow, task

from fesdist.cli.tune import MOST_ROWS, carry_out
from fesdist.ground.counting import counted
from fesdist.ground.measures import REGIONS
from fesdist.requests.learning import Tune
from fesdist.requests.signature import takes
from fesdist.training.choice import Result
from fesdist.tuning.tuning import Tuning, in_words
from flows.artifacts import show_file, show_table
from flows.stage import STAGE, stage


@task(name="tune", **STAGE)
def tune_stage(request: Tune) -> Tuning:
    """Tune as a stage, and show the errors of all combinations and the configuration."""
    with stage("tune", "steps") as running:
        tuning = carry_out(request, running.progress)
        people = f"{counted(tuning.n_people, 'person')} of {tuning.stack}, left out in {tuning.n_folds} folds"
        show_table("tuning", tuning_rows(tuning), f"MSE x 100 of {tuning.model} on {people}")
        show_file("configuration", Path(request.out), f"What was chosen for {tuning.model}")
        running.notice(tuning.notices, f"the options of {tuning.model}")
        running.outcome = (
            f"{in_words(tuning.best.options)} in {request.out}, the best of {len(tuning.results)} combinations in the "
            f"{tuning.region}"
        )
    return tuning


def tuning_rows(tuning: Tuning) -> list[dict[str, Any]]:
    """Return a row for each of the best combinations, the best first, and for those that could not be trained.

    The last row is the input itself, the output of a model that does nothing. Errors are averaged over the expressions.
    """
    best = [tuning.results[number] for number in tuning.ranking[:MOST_ROWS]]
    failed = [result for result in tuning.results if result.failed]
    rows = [{**result.options, **_errors(result)} for result in best + failed]
    if tuning.unchanged is not None:
        first, *others = tuning.best.options
        rows.append({first: "output = input", **dict.fromkeys(others, ""), **_errors(tuning.unchanged)})
    return rows


def _errors(result: Result) -> dict[str, str]:
    if result.failed:
        return dict.fromkeys(REGIONS, "–") | {"failed": result.failed}
    scores = {region: result.mean(region) for region in REGIONS}
    errors = {region: f"{score.mse_x100:.4f} ± {score.standard_error:.4f}" for region, score in scores.items()}
    return errors | {"failed": ""}


@flow(name="tune")
@takes(Tune)
def tune(request: Tune) -> str:
    """Choose options on `stack` as `fesdist tune` does, and return the path of the configuration `out`."""
    tune_stage(request)
    return request.out
