"""Every entrant warms up on any kind of stack, and leaves nothing behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from fesdist.comparing import warm_up as module
from fesdist.comparing.entrants import Entrant, default_entrants
from fesdist.comparing.warm_up import warm_up
from fesdist.ground.colour import Colour
from fesdist.training.job import Shape
from fesdist.training.run import TrainingResult, train
from storage.stack.reading import StackSpec

COLOUR = StackSpec(200, 100, 3, "uint8", "none")
GRAY = StackSpec(200, 100, 1, "float64", "min-max", "serious")


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[TrainingResult]:
    """Return what is trained, in a folder for temporary files that can be looked into."""
    warm_up.cache_clear()
    results: list[TrainingResult] = []

    def noting(*arguments: object, **options: object) -> None:
        results.append(train(*arguments, **options))  # type: ignore[arg-type]

    monkeypatch.setattr(module, "train", noting)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return results


@pytest.mark.parametrize("entrant", default_entrants(), ids=lambda entrant: entrant.name)
def test_a_small_training_and_nothing_left(entrant: Entrant, published: list[TrainingResult], tmp_path: Path) -> None:
    warm_up(entrant.model, Shape.NO, Colour.SHARED, COLOUR)
    assert [result.published for result in published] == [True]
    assert not list(tmp_path.iterdir())


def test_floating_point_images_of_one_channel(published: list[TrainingResult]) -> None:
    warm_up(default_entrants()[0].model, Shape.YES, Colour.PER_CHANNEL, GRAY)
    assert [result.n_tiles for result in published] == [1]
