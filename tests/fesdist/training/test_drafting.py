"""The draft of an interrupted run is continued, or it is told how to be rid of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.registry import MaskedRegression
from fesdist.training.job import TrainingRequest, define_job
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from storage.errors import FormatError
from storage.stack.reading import TrainingStack
from tests.drafts import create_draft
from tests.fesdist.training.stacks import write_stack
from tests.storage.conftest import WEIGHTS


@pytest.mark.parametrize("damaged", [b"", b'{"created": "2026-', b'{"format": "fesdist-draft", "format_version": 9}'])
def test_a_run_that_cannot_be_continued_is_told_with_its_cure(tmp_path: Path, damaged: bytes) -> None:
    path = write_stack(tmp_path / "stack.zarr")
    request = TrainingRequest(str(path), str(tmp_path / "w"), "faces", MaskedRegression.with_window(3, ridge=0.4))
    store = WeightStore(request.store)
    draft = create_draft(store, "faces", f"{define_job(request, TrainingStack.open(path)).digest()}-0", WEIGHTS, {})
    (tmp_path / "w" / "faces" / "drafts" / draft.id / "job.json").write_bytes(damaged)
    with pytest.raises(FormatError, match=f"cannot be continued: .*; `fesdist versions {store.uri} --clean` removes"):
        train(request, InProcessCluster(), memory=1 << 30)
    assert [each.id for each in store.clean()] == [draft.id]
    assert train(request, InProcessCluster(), memory=1 << 30).version == 1
