"""One run: the table of sizes and speeds, and on demand the contest, with what is needed to judge them."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version

from tests.benchmarks.machine import processor
from tests.gans.contest import COLUMNS, SIDE, Contest, compete
from tests.gans.generators import GENERATORS
from tests.gans.graph import OPSET
from tests.gans.speed import SIDE as SPEED_SIDE
from tests.gans.speed import measure
from tests.gans.tables import contest_table, speed_table

_PROGRESS_SECONDS = 30.0


def run(stack: str | None, minutes: float | None, expression: str | None) -> str:
    """Measure, print what was found as it is found, and return all of it as Markdown."""
    parts = [_say(_conditions(os.getloadavg()[0]))]
    parts.append(_say(speed_table(measure())))
    parts.append(_say(_definitions()))
    if stack is not None and minutes is not None:
        load = os.getloadavg()[0]
        contest = compete(stack, minutes, expression, _Told(60 * minutes))
        parts.append(_say(_about(contest, load)))
        parts.append(_say(contest_table(contest, COLUMNS)))
    return "\n\n".join(parts) + "\n"


def _say(text: str) -> str:
    print(text, end="\n\n", flush=True)
    return text


def _conditions(load: float) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("torch", "onnxruntime"))
    return (
        f"One image of {SPEED_SIDE} x {SPEED_SIDE} pixels in colour, float32, on one thread: milliseconds of the "
        f"processor, medians of turns in which all of them alternate. {processor()}, {os.cpu_count()} cores, load "
        f"{load:.1f} before the run; {libraries}; "
        f'ONNX operators {OPSET}. "Difference" is the largest between ONNX and the other of the two, in [0, 1].'
    )


def _definitions() -> str:
    lines = [f"- {gan.name} ({gan.parameters / 1e6:g} in the papers): {gan.definition}." for gan in GENERATORS]
    return "\n".join(["What the millions follow from:", "", *lines])


def _about(contest: Contest, load: float) -> str:
    return (
        f"{contest.expression} at {SIDE} x {SIDE}: {contest.n_training} people to train, {contest.n_held_out} held "
        f"out; Pix2Pix saw {contest.steps} pairs, {contest.steps / contest.n_training:.0f} times each, on one thread "
        f"(load {load:.1f} before)."
    )


class _Told:
    """Progress of the training on the terminal, now and then."""

    def __init__(self, seconds: float) -> None:
        self._total = seconds
        self._next = _PROGRESS_SECONDS

    def __call__(self, steps: int, seconds: float) -> None:
        if seconds >= self._next:
            self._next = seconds + _PROGRESS_SECONDS
            print(f"  Pix2Pix: {steps} pairs, {seconds:.0f} of {self._total:.0f} s", file=sys.stderr, flush=True)
