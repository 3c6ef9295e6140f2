"""`fesdist tune`: which options make the smallest error on people left out."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

from fesdist.cli.console import progress, say, table
from fesdist.cli.notices import concluded, tell_of_compiling, to_records
from fesdist.cluster.connect import open_cluster
from fesdist.ground.counting import counted
from fesdist.ground.files import check_replaceable
from fesdist.ground.measures import REGIONS
from fesdist.ground.share import Progress
from fesdist.requests.learning import Tune
from fesdist.requests.toml import write_config
from fesdist.simd.compiled import nothing_is_kept
from fesdist.training.choice import Score
from fesdist.tuning.grid import candidates_of
from fesdist.tuning.tune import tune
from fesdist.tuning.tuning import Tuning, in_words, value_in_words

MOST_ROWS = 40
"""Of a larger grid only the best combinations are printed; the configuration has all."""


def run(request: Tune) -> int:
    """Tune, and tell the errors and what was chosen."""
    with progress("tuning", "steps") as report:
        tuning = carry_out(request, report)
    if request.json:
        say(json.dumps(tuning.to_json() | {"notices": to_records(tuning.notices)}, indent=2))
    else:
        _print(tuning, request.stack, request.out)
    return concluded(tuning.notices, strict=request.strict)


def carry_out(request: Tune, on_progress: Progress) -> Tuning:
    """Tune, and write the configuration; raises as `fesdist.tuning.tune.tune`, and for a folder that is read-only.

    What was found is kept beside the configuration until that is written, so the same command need not find it again.
    """
    out = Path(request.out)
    check_replaceable(out)
    asked = request.tuning()
    candidates_of(asked.model, asked.values)  # what cannot be tried is refused before workers are started
    if request.scheduler is None and nothing_is_kept():
        tell_of_compiling()
    with open_cluster(request.cluster(), on_progress) as cluster:
        tuning = tune(asked, cluster, memory=request.memory, scratch=request.scratch, on_progress=on_progress)
    write_config(out, tuning)
    shutil.rmtree(request.scratch, ignore_errors=True)
    return tuning


def _print(tuning: Tuning, stack: str, out: str) -> None:
    say(_what(tuning))
    mean = ", mean of the expressions" if len(tuning.expressions) > 1 else ""
    say(f"error on people left out, MSE x 100{mean}, and its standard error")
    say()
    ranked = tuning.ranking
    shown = sorted(ranked[:MOST_ROWS])
    names = list(tuning.best.options)
    table(
        (*names, "face", "±", "mouth", "±", ""),
        [
            (
                *(value_in_words(tuning.results[number].options[name]) for name in names),
                *(cell for region in REGIONS for cell in _cells(tuning.results[number].mean(region))),
                "best" if number == tuning.chosen else "",
            )
            for number in shown
        ]
        + _as_it_is(tuning, len(names)),
    )
    say()
    if len(ranked) > len(shown):
        say(f"the best {len(shown)} of {len(ranked)} combinations; {out} has all")
    say(f"best in the {tuning.region}: {in_words(tuning.best.options)}")
    if tuning.ridge_map is not None:
        ridges = [ridge for row in tuning.ridge_map for ridge in row]
        say(f"ridge {min(ridges):g} to {max(ridges):g} over the image, chosen around each of {len(ridges)} cells")
    say(f"written to {out}")
    say(f"next: fesdist train {shlex.quote(stack)} weights --name NAME --config {shlex.quote(out)}")


def _as_it_is(tuning: Tuning, n_options: int) -> list[tuple[str, ...]]:
    """Return the row of the input itself, if it was measured."""
    if tuning.unchanged is None:
        return []
    errors = [cell for region in REGIONS for cell in _cells(tuning.unchanged.mean(region))]
    return [(*[""] * n_options, *errors, "output = input")]


def _what(tuning: Tuning) -> str:
    people = f"each of {counted(tuning.n_people, 'person')} left out in turn"
    if tuning.n_folds < tuning.n_people:
        people = f"{counted(tuning.n_people, 'person')} in {tuning.n_folds} folds, each left out in turn"
    measured = "" if tuning.row_step == 1 else f", measured on one row in {tuning.row_step}"
    expressions = f"{tuning.input_expression} to {', '.join(tuning.expressions)}"
    return f"{tuning.model}, colour {tuning.colour}, {expressions}: {people}{measured}"


def _cells(score: Score) -> tuple[str, str]:
    return f"{score.mse_x100:.4f}", f"{score.standard_error:.4f}"
