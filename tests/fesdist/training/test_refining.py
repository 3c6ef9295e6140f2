"""Refinement maps are those of what the tiles stored, however little of it is read and written at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fesdist.ground.alpha_maps import Rows, learned_alpha, papers_alpha
from fesdist.ground.colour import Colour
from fesdist.registry import MaskedRegression
from fesdist.training import rows_ahead
from fesdist.training.job import TrainingRequest, define_job
from fesdist.training.layout import weights_spec
from fesdist.training.refining import write_refinement_maps
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack
from tests.drafts import create_draft
from tests.fesdist.training.stacks import write_stack

CHUNK, SIDE = 64, 150


@pytest.mark.parametrize("values_at_once", [1, 2 * 3 * CHUNK * SIDE, rows_ahead._VALUES_AT_ONCE])
def test_maps_are_made_of_what_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values_at_once: int) -> None:
    monkeypatch.setattr(rows_ahead, "_VALUES_AT_ONCE", values_at_once)
    stack = TrainingStack.open(write_stack(tmp_path / "stack.zarr", side=SIDE, people=4))
    request = TrainingRequest(
        stack.path, str(tmp_path / "weights"), "faces", MaskedRegression.with_window(1), colour=Colour.PER_CHANNEL
    )
    job = define_job(request, stack)
    draft = create_draft(WeightStore(request.store), "faces", "one", weights_spec(job, stack, CHUNK), {})
    random = np.random.default_rng(0)
    stored = {
        (expression, name): random.gamma(2.0, size=(3, SIDE, SIDE)).astype(dtype)
        for expression in job.expressions
        for name, dtype in (("norm", "float64"), ("agreement", "float32"), ("change", "float32"))
    }
    for place, values in stored.items():
        draft.write(*place, (slice(None),) * 3, values)

    checksums = write_refinement_maps(draft, job, stack, CHUNK)

    def rows_of(expression: str, name: str) -> Rows:
        return lambda rows: stored[expression, name][:, rows]

    for expression in ("happy", "sad"):
        papers = papers_alpha(rows_of(expression, "norm"), (3, SIDE, SIDE)).whole()
        learned = learned_alpha(
            rows_of(expression, "agreement"), rows_of(expression, "change"), (3, SIDE, SIDE)
        ).whole()
        assert np.array_equal(draft.read(expression, "alpha"), papers)
        assert np.array_equal(draft.read(expression, "learned_alpha"), learned)
    n_chunks = (-(-SIDE // CHUNK)) ** 2
    assert len(checksums) == 2 * 2 * n_chunks
    assert draft.check(checksums) == []
