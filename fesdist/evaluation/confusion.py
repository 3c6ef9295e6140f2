"""What the classifier takes real photographs and outputs for: how far it can be trusted, and what it confuses."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from fesdist.evaluation.classifier import NOTHING
from fesdist.evaluation.document import Evaluation
from fesdist.evaluation.looks import REAL
from fesdist.evaluation.scores import MODEL, REFINED, UNCHANGED


@dataclass(frozen=True)
class ConfusionTable:
    """How many faces are taken for what."""

    columns: tuple[str, ...]
    """Expressions that they are taken for."""
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    """What they are, and how many of them are taken for which."""


def real_confusion(evaluation: Evaluation) -> dict[str, Counter[str]]:
    """Return how many real photographs of each expression the classifier takes for which.

    They are those of the people evaluated, none of whom it has learned from, each counted once.
    """
    found: dict[tuple[str, str], str] = {}
    for scores in evaluation.expressions:
        for expression, method in ((evaluation.input, UNCHANGED), (scores.expression, REAL)):
            taken = scores.looks.taken_for.get(method)
            for person, one in zip(scores.people, taken, strict=True) if taken else ():
                found[expression, person] = one
    confusion: dict[str, Counter[str]] = {}
    for (expression, _), taken_for in found.items():
        confusion.setdefault(expression, Counter())[taken_for] += 1
    return confusion


def accuracy(evaluation: Evaluation) -> float | None:
    """Return the share of real photographs that the classifier takes for what they are; None where there is none."""
    confusion = real_confusion(evaluation)
    n_real = sum(taken_for.total() for taken_for in confusion.values())
    return sum(taken_for[expression] for expression, taken_for in confusion.items()) / n_real if n_real else None


def classifier_line(evaluation: Evaluation) -> str:
    """Return how good the classifier itself is, in one sentence; "" where there is none."""
    if (right := accuracy(evaluation)) is None:
        return ""
    n_real = sum(taken_for.total() for taken_for in real_confusion(evaluation).values())
    n_learned = sum(evaluation.learned_from.values())
    return (
        f"the classifier learned from {n_learned:,} real photographs of other people and is "
        f"right about {100 * right:.1f} % of {n_real:,} real photographs of these"
    )


def confusion_table(evaluation: Evaluation) -> ConfusionTable | None:
    """Return what real photographs, outputs and refined outputs are taken for.

    None without a classifier, and where it knows two expressions only: then the shares tell the same.
    """
    if len(evaluation.learned_from) <= 2:
        return None
    counts = {f"{REAL}, {name}": taken_for for name, taken_for in real_confusion(evaluation).items()}
    for method in (MODEL, REFINED):
        for scores in evaluation.expressions:
            if taken := scores.looks.taken_for.get(method):
                counts[f"{method}, {scores.expression}"] = Counter(taken)
    names = [*evaluation.learned_from, *([NOTHING] if any(NOTHING in each for each in counts.values()) else [])]
    return ConfusionTable(
        tuple(name or "nothing" for name in names),
        tuple((row, tuple(each[name] for name in names)) for row, each in counts.items()),
    )
