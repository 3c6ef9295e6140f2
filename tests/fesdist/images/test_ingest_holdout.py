"""Who of a folder is held out: by a fraction, by name, by the layout of the papers, as each batch is stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from fesdist.ground.errors import BadParameterError
from fesdist.images import filling
from fesdist.images.ingest import ingest
from fesdist.images.pairs import Layout
from fesdist.images.summary import PairCount
from storage.errors import MismatchError
from storage.stack.arrays import StackArrays
from storage.stack.format import StackContents
from storage.stack.reading import TrainingStack
from tests.fesdist.images.conftest import Save, ingested


def test_sides_do_not_depend_on_batches(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "_BATCH_BYTES", 1)
    opened = ingested(folder, tmp_path / "stack.zarr", holdout=0.5)
    assert sum(subject.holdout for subject in opened.subjects) == 5
    assert opened.n_samples == 10


def test_hold_out_by_ids(folder: Path, stack: Path) -> None:
    opened = ingested(folder, stack, holdout=["3", "7"])
    assert [subject.id for subject in opened.subjects if subject.holdout] == ["3", "7"]
    with pytest.raises(MismatchError, match="nobody changes side"):
        ingest(folder, stack, holdout=["4"])


def test_ids_to_hold_out_may_have_their_accents_either_way(folder: Path, stack: Path) -> None:
    for expression in ("neutral", "happy"):
        (folder / expression / "3.png").rename(folder / expression / "Zoe\u0308.png")
        (folder / expression / "4.png").rename(folder / expression / "Ren\u00e9.png")
    ingest(folder, stack, holdout=["Zoe\u0308", "Rene\u0301"])
    held = {subject.id for subject in TrainingStack.open(stack).subjects if subject.holdout}
    assert held == {"Zo\u00eb", "Ren\u00e9"}


def test_hold_out_by_unknown_ids_or_impossible_fractions(folder: Path, stack: Path) -> None:
    with pytest.raises(BadParameterError, match=r"1 of the people to hold out are neither .* such as 'x'; .* '0'"):
        ingest(folder, stack, holdout=["3", "x"])
    for fraction in (1, -0.1, float("nan")):
        with pytest.raises(BadParameterError, match="expected 0 <= fraction < 1"):
            ingest(folder, stack, holdout=fraction)
    assert not stack.exists()


def test_papers_layout_holds_out_the_test_folders(tmp_path: Path, stack: Path, save_face: Save) -> None:
    for seed, name in enumerate(("trainA/1", "trainB/1", "trainA/2", "trainB/2", "testA/1", "testB/1")):
        save_face(f"pairs/{name}.png", seed=seed)
    summary = ingest(tmp_path / "pairs", stack, layout=Layout("smiling"))
    assert summary.pairs == {"smiling": PairCount(2, 1)}
    assert [s.id for s in TrainingStack.open(stack).subjects if s.holdout] == ["test-1"]
    with pytest.raises(BadParameterError, match="testA and testB say who is held out"):
        ingest(tmp_path / "pairs", stack, layout=Layout("smiling"), holdout=0.5)


@pytest.mark.parametrize("holdout", [0.2, ("1", "8")])
def test_a_batch_is_one_commit(
    folder: Path, stack: Path, monkeypatch: pytest.MonkeyPatch, holdout: float | tuple[str, ...]
) -> None:
    """As each writes the table of all people anew."""
    commit, commits = StackArrays.commit, list[StackContents]()

    def counted(arrays: StackArrays, contents: StackContents) -> None:
        commits.append(contents)
        commit(arrays, contents)

    monkeypatch.setattr(filling, "_BATCH_BYTES", 4 * 2 * 8 * 8 * 3)
    monkeypatch.setattr(StackArrays, "commit", counted)
    ingest(folder, stack, holdout=holdout)
    assert [len(contents.subjects) for contents in commits] == [4, 8, 10]
    assert all(subject.split for contents in commits for subject in contents.subjects)
    assert TrainingStack.open(stack).subjects == commits[-1].subjects
    if not isinstance(holdout, float):
        assert {subject.id for subject in commits[-1].subjects if subject.holdout} == set(holdout)


def test_a_fraction_that_concerns_nobody_is_refused(folder: Path, stack: Path) -> None:
    ingested(folder, stack)
    with pytest.raises(BadParameterError, match="all of them are in the stack already, where nobody changes sides"):
        ingest(folder, stack, holdout=0.5)
