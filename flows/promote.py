"""Moving an alias to a version, and the question whether the version deserves it."""

from __future__ import annotations

from prefect import task

from fesdist.evaluation.document import Evaluation
from fesdist.evaluation.scores import MEAN_DIFFERENCE, MODEL, UNCHANGED
from flows.stage import STAGE, tell_outcome
from storage.datasets.store import WeightStore


@task(name="promote", **STAGE)
def promote_stage(store: str, name: str, version: int, alias: str, note: str) -> None:
    """Let `alias` point at a version, unless it does already."""
    aliases = WeightStore(store).aliases(name)
    if aliases.readable().get(alias) == version:
        outcome = f"{name}@{alias} is version {version} already"
    else:
        before = aliases.before(alias)
        aliases.promote(version, alias, note=note)
        outcome = f"{name}@{alias} is version {version} now, before it was {before or 'none'}"
    tell_outcome("promote", 0.0, outcome)


def promote_if_better(store: str, evaluation: Evaluation, alias: str) -> int:
    """Promote the evaluated version if it beats both baselines, else tell why not; return the version to use.

    That is the one that `alias` names afterwards, or the evaluated one where it names none.
    """
    name, version = evaluation.name, evaluation.version
    shortfall = shortfall_of(evaluation)
    if not shortfall:
        promote_stage(store, name, version, alias, note="beats both baselines on held-out people")
        return version
    serving = WeightStore(store).aliases(name).get(alias)
    used = f"{alias} stays version {serving}" if serving else f"{alias} names no version, so it is used all the same"
    tell_outcome("promote", 0.0, f"{name} version {version} was not promoted ({shortfall}); {used}")
    return serving or version


def shortfall_of(evaluation: Evaluation) -> str:
    """Return which baselines the model does not beat, by the mean error over the face; "" if it beats both everywhere.

    Only expressions that were evaluated count.
    """
    return ", ".join(
        f"MSE x 100 of {scores.expression} is {scores.mean(MODEL, 'face', 'mse_x100'):.3f}, "
        f"that of {baseline!r} is {scores.mean(baseline, 'face', 'mse_x100'):.3f}"
        for scores in evaluation.expressions
        for baseline in (UNCHANGED, MEAN_DIFFERENCE)
        if not scores.mean(MODEL, "face", "mse_x100") < scores.mean(baseline, "face", "mse_x100")
    )
