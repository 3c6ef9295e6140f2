"""The page on adding a model is right: its model passes its tests, and its commands run as they stand there."""

from __future__ import annotations

import shlex
import tracemalloc
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from fesdist.cli.main import main
from fesdist.families.common.fit import Fit
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Person, Samples
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import Padding, Region, Tile
from fesdist.registry import MODELS
from storage.datasets.manifest import ModelFacts
from storage.datasets.store import WeightStore
from tests.docs.pages import blocks, module_of, run_tests_of
from tests.fesdist.families.problems import random_images


@pytest.fixture
def mean_shift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the page's model, with its tests, as a module, and have it listed."""
    module = module_of("\n".join(blocks("model.md", "python")), "mean_shift", tmp_path, monkeypatch)
    monkeypatch.setitem(MODELS, module.MeanShift.name, module.MeanShift)
    return module


def test_its_tests_pass(mean_shift: ModuleType) -> None:
    assert run_tests_of(mean_shift) == 2


@pytest.mark.parametrize("colour", list(Colour))
def test_its_memory_is_what_it_promises(mean_shift: ModuleType, colour: Colour) -> None:
    model = mean_shift.MeanShift()
    projected = model.memory(Fit((64, 48), 3, colour, "uint8", n_samples=16, n_expressions=2), (64, 48), 8).nbytes
    tracemalloc.start()
    problem = TileProblem(Tile(0, Region(0, 64, 0, 48)), Padding(0, 0, 0, 0), 3, colour, ("a", "b"))
    gathered = model.gather(problem, np.dtype(np.uint8))
    images = [random_images((8, 3, 64, 48), seed) for seed in range(3)]
    gathered.add(Samples(images[0], {"a": images[1], "b": images[2]}))
    del images
    solved = model.solve(gathered)
    _, measured = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(solved) == 2
    assert projected / 2 < measured <= projected


@pytest.mark.parametrize("colour", list(Colour))
def test_its_sums_are_values(mean_shift: ModuleType, colour: Colour) -> None:
    model, problem = (
        mean_shift.MeanShift(),
        TileProblem(Tile(0, Region(0, 7, 0, 9)), Padding(0, 0, 0, 0), 3, colour, ("a",)),
    )
    inputs, targets = random_images((5, 3, 7, 9)), random_images((5, 3, 7, 9), seed=1)
    people = tuple(Person(f"person {number}", frozenset({str(number)})) for number in range(5))

    def sums_of(first: int, last: int) -> Any:
        gathered = model.gather(problem, np.dtype(np.uint8))
        gathered.add(Samples(inputs[first:last], {"a": targets[first:last]}, people[first:last]))
        return gathered

    whole, rest = sums_of(0, 5), sums_of(0, 2) + sums_of(2, 5) - sums_of(3, 5)
    assert (sums_of(2, 5) + sums_of(0, 2)).ledger == whole.ledger
    assert rest.ledger == sums_of(0, 3).ledger
    solved, expected = (model.solve(each)["a"] for each in (rest, sums_of(0, 3)))
    assert all(np.array_equal(values, expected[name]) for name, values in solved.items())


def test_its_commands_run(
    mean_shift: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (commands,) = blocks("model.md", "sh")
    for line in commands.splitlines():
        program, *words = shlex.split(line)
        assert program == "fesdist"
        # In this process, where the model is listed.
        in_process = ["--workers", "0"] if words[0] in ("train", "synthesize", "evaluate") else []
        assert main([*words, *in_process]) == 0, line
    printed = capsys.readouterr().out
    assert "published first version 1" in printed
    assert WeightStore("weights").open("first").manifest.model == ModelFacts("mean-shift", {"ridge": 0.1})
    assert len(list(tmp_path.glob("out/happy/*.png"))) == 12
    assert "happy: 2 people" in printed
