"""The page on adding a model is right: its model passes its tests, and its commands run as they stand there."""

from __future__ import annotations

import re
import shlex
import sys
import tracemalloc
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from fesdist.cli.main import main
from fesdist.families.common.fit import Fit
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import Padding, Region, Tile
from fesdist.registry import MODELS
from storage.datasets.manifest import ModelFacts
from storage.datasets.store import WeightStore
from tests.conftest import REPOSITORY
from tests.fesdist.families.problems import random_images

PAGE = (REPOSITORY / "docs" / "add-a-model.md").read_text()


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def mean_shift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the page's model, with its tests, as a module, and have it listed."""
    path = tmp_path / "mean_shift.py"
    path.write_text("\n".join(_blocks("python")))
    spec = spec_from_file_location("mean_shift", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    # A dataclass looks up its annotations in the module it comes from.
    monkeypatch.setitem(sys.modules, "mean_shift", module)
    spec.loader.exec_module(module)
    monkeypatch.setitem(MODELS, module.MeanShift.name, module.MeanShift)
    return module


def test_its_tests_pass(mean_shift: ModuleType) -> None:
    tests: list[Callable[[], None]] = [value for name, value in vars(mean_shift).items() if name.startswith("test_")]
    assert len(tests) == 2
    for test in tests:
        test()


@pytest.mark.parametrize("colour", list(Colour))
def test_its_memory_is_what_it_promises(mean_shift: ModuleType, colour: Colour) -> None:
    model = mean_shift.MeanShift()
    projected = model.memory(Fit((64, 48), 3, colour, "uint8", n_samples=16, n_expressions=2), (64, 48), 8).nbytes
    tracemalloc.start()
    problem = TileProblem(Tile(0, Region(0, 64, 0, 48)), Padding(0, 0, 0, 0), 3, colour, ("a", "b"))
    statistics = model.gather(problem, np.dtype(np.uint8))
    images = [random_images((8, 3, 64, 48), seed) for seed in range(3)]
    statistics.add(Samples(images[0], {"a": images[1], "b": images[2]}))
    del images
    solved = model.solve(statistics)
    _, measured = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(solved) == 2
    assert projected / 2 < measured <= projected


def test_its_commands_run(
    mean_shift: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (commands,) = _blocks("sh")
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
