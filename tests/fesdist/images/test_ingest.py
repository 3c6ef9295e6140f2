"""From a folder to a stack: pixels, sides, what is appended, what is refused, what an interruption leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fesdist.ground.errors import BadParameterError, PairingError
from fesdist.images import filling
from fesdist.images.decode import decode
from fesdist.images.ingest import ingest
from fesdist.images.pairs import Layout
from fesdist.images.summary import PairCount
from fesdist.images.survey import Wanted
from storage.errors import BadNameError, MismatchError, NoSpaceError, StorageError
from storage.stack.arrays import StackArrays
from storage.stack.format import StackContents
from storage.stack.reading import TrainingStack
from storage.stack.writer import StackWriter
from tests.fesdist.ground.heads import head
from tests.fesdist.images.conftest import Pixels, Save

Folder = Path
WHOLE = slice(None)

EYES = ((0.3, 0.3), (0.7, 0.3))


def test_every_pixel_arrives(folder: Folder, stack: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    summary = ingest(folder, stack, on_progress=lambda *progress: seen.append(progress))
    assert (summary.created, summary.added, summary.unchanged, summary.complete) == (True, 20, 0, True)
    assert summary.pairs == {"happy": PairCount(8, 2)}
    assert [done for done, _, _ in seen] == list(range(1, 21))
    assert seen[-1] == (20, 20, seen[-1][2])
    opened = TrainingStack.open(stack)
    assert opened.dtype == np.uint8
    assert [subject.id for subject in opened.subjects] == [str(number) for number in range(10)]
    for expression in ("neutral", "happy"):
        expected = [decode(folder / expression / f"{number}.png") for number in range(10)]
        assert np.array_equal(opened.read(expression, range(10), WHOLE, WHOLE), expected)


def test_the_same_folder_twice_changes_nothing(folder: Folder, stack: Path) -> None:
    ingest(folder, stack)
    before = TrainingStack.open(stack).subjects
    summary = ingest(folder, stack)
    assert (summary.created, summary.added, summary.unchanged) == (False, 0, 20)
    assert TrainingStack.open(stack).subjects == before


def test_more_people_and_expressions_are_appended(folder: Folder, stack: Path, save_face: Save) -> None:
    held = {s.id for s in _ingested(folder, stack).subjects if s.holdout}
    for number in range(5, 15):
        save_face(f"pairs/neutral/{number}.png", seed=10 * number)
        save_face(f"pairs/sad/{number}.png", seed=10 * number + 2)
    summary = ingest(folder, stack)
    assert summary.added == 5 + 10
    assert summary.missing == {
        "happy": ("10", "11", "12", "13", "14"),
        "sad": ("0", "1", "2", "3", "4"),
    }
    assert summary.n_people == 15
    now = {s.id for s in TrainingStack.open(stack).subjects if s.holdout}
    assert held < now
    assert len(now) == 3


def test_sides_do_not_depend_on_batches(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "_BATCH_BYTES", 1)
    opened = _ingested(folder, tmp_path / "stack.zarr", holdout=0.5)
    assert sum(subject.holdout for subject in opened.subjects) == 5
    assert opened.n_samples == 10


def test_hold_out_by_ids(folder: Folder, stack: Path) -> None:
    opened = _ingested(folder, stack, holdout=["3", "7"])
    assert [subject.id for subject in opened.subjects if subject.holdout] == ["3", "7"]
    with pytest.raises(MismatchError, match="nobody changes side"):
        ingest(folder, stack, holdout=["4"])


def test_ids_to_hold_out_may_have_their_accents_either_way(folder: Folder, stack: Path) -> None:
    for expression in ("neutral", "happy"):
        (folder / expression / "3.png").rename(folder / expression / "Zoe\u0308.png")
        (folder / expression / "4.png").rename(folder / expression / "Ren\u00e9.png")
    ingest(folder, stack, holdout=["Zoe\u0308", "Rene\u0301"])
    held = {subject.id for subject in TrainingStack.open(stack).subjects if subject.holdout}
    assert held == {"Zo\u00eb", "Ren\u00e9"}


def test_hold_out_by_unknown_ids_or_impossible_fractions(folder: Folder, stack: Path) -> None:
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


def test_bad_files_are_listed_and_stop_nothing(folder: Folder, stack: Path) -> None:
    (folder / "neutral" / "2.png").write_text("no image")
    damaged = folder / "happy" / "5.png"
    damaged.write_bytes(damaged.read_bytes()[:100])
    summary = ingest(folder, stack)
    assert not summary.complete
    reasons = {item.path: item.reason for item in summary.skipped}
    assert reasons.keys() == {folder / "neutral" / "2.png", damaged}
    assert reasons[damaged].startswith("the file cannot be read or is damaged (")
    assert summary.unpaired == ("2", "5")
    assert summary.n_people == 8


def test_a_bad_file_among_several_targets_takes_only_itself(folder: Folder, stack: Path, save_face: Save) -> None:
    save_face("pairs/sad/0.png", seed=99)
    (folder / "happy" / "0.png").write_text("no image")
    summary = ingest(folder, stack)
    assert summary.unpaired == ()
    lacking = [person.id for person in TrainingStack.open(stack).subjects if "happy" not in person.digests]
    assert lacking == ["0"]


def test_another_person_under_a_stored_id_adds_nothing(folder: Folder, stack: Path, save_face: Save) -> None:
    opened = _ingested(folder, stack)
    save_face("others/neutral/1.png", seed=1000)
    save_face("others/angry/1.png", seed=1001)
    summary = ingest(folder.parent / "others", stack)
    assert (summary.added, summary.unpaired) == (0, ("1",))
    assert summary.skipped[0].reason == "another neutral image of subject '1' is stored; nothing of this one was added"
    assert TrainingStack.open(stack).subjects == opened.subjects


def test_another_target_under_a_stored_id_is_listed(folder: Folder, stack: Path, save_face: Save) -> None:
    opened = _ingested(folder, stack)
    save_face("pairs/happy/1.png", seed=1000)
    summary = ingest(folder, stack)
    assert summary.skipped[0].reason == "another happy image of subject '1' is stored; it was kept"
    assert summary.unchanged == 19
    assert TrainingStack.open(stack).subjects == opened.subjects


def test_mixed_sizes_need_a_size(folder: Folder, stack: Path, save_face: Save) -> None:
    save_face("pairs/happy/3.png", shape=(16, 12))
    words = r"2 different sizes \(rows x columns\): 8 x 8 \(19 files\), 16 x 12 \(1 file\); expected one\. Give --size"
    with pytest.raises(PairingError, match=words):
        ingest(folder, stack)
    assert not stack.exists()
    summary = ingest(folder, stack, Wanted(size=(8, 8)))
    assert summary.resized == {(16, 12): 1}
    assert summary.stretched == 1
    assert ingest(folder, stack).unchanged == 20


def test_an_existing_stack_decides(folder: Folder, stack: Path) -> None:
    ingest(folder, stack, Wanted(size=(4, 6), colour="gray"))
    spec = TrainingStack.open(stack).spec
    assert (spec.height, spec.width, spec.channels) == (4, 6, 1)
    assert ingest(folder, stack).unchanged == 20
    for asked, words in (
        (Wanted(size=(8, 8)), r"holds images of \(rows, columns\) \(4, 6\), but \(8, 8\) was asked for"),
        (Wanted(colour="rgb"), "holds images whose number of channels is 1, but 3 was asked for"),
        (Wanted(normalisation="min-max"), "holds images with normalisation none, but min-max was asked for"),
        (Wanted(input_expression="happy"), "holds the input expression neutral, but happy was asked for"),
        (Wanted(eyes=EYES), "does not say where eyes lie in its images, .* those at 0.3,0.3,0.7,0.3 lie alike"),
    ):
        with pytest.raises(BadParameterError, match=words + ": leave the option out"):
            ingest(folder, stack, asked)


def test_eyes_of_an_existing_stack_are_told_as_they_are_given(folder: Folder, stack: Path) -> None:
    ingest(folder, stack, Wanted(eyes=EYES))
    assert ingest(folder, stack, Wanted(eyes=EYES)).unchanged == 20
    with pytest.raises(
        BadParameterError, match=r"holds eyes at 0\.3,0\.3,0\.7,0\.3, but 0\.4,0\.4,0\.6,0\.4 was asked for"
    ):
        ingest(folder, stack, Wanted(eyes=((0.4, 0.4), (0.6, 0.4))))


def test_gray_photographs_make_a_gray_stack_and_one_in_colour_an_rgb_one(
    folder: Folder, tmp_path: Path, rgb: Pixels, save: Save
) -> None:
    for expression in ("neutral", "happy"):
        save(f"gray/{expression}/a.png", rgb[..., 0])
    assert ingest(tmp_path / "gray", tmp_path / "gray.zarr").spec.channels == 1
    save("gray/happy/a.png", rgb)
    assert ingest(tmp_path / "gray", tmp_path / "rgb.zarr").spec.channels == 3


def test_min_max_stretches_each_image(folder: Folder, stack: Path, rgb: Pixels, save: Save) -> None:
    save("pairs/happy/1.png", np.full((8, 8, 3), 7, dtype=np.uint8))
    summary = ingest(folder, stack, Wanted(normalisation="min-max"))
    assert [item.reason for item in summary.skipped] == [
        "every pixel is 7; expected some contrast, as the stack stretches each image to its range"
    ]
    opened = TrainingStack.open(stack)
    assert opened.dtype == np.float64
    pixels = decode(folder / "neutral" / "0.png").astype(np.float64)
    expected = (pixels - pixels.min()) / (pixels.max() - pixels.min())
    assert np.array_equal(opened.read("neutral", [0], WHOLE, WHOLE)[0], expected)


def test_folders_that_cannot_be_expressions(folder: Folder, stack: Path) -> None:
    (folder / "happy").rename(folder / "very happy")
    with pytest.raises(BadNameError, match="expression name 'very happy' cannot be used"):
        ingest(folder, stack)
    assert not stack.exists()


@pytest.mark.parametrize("trouble", [KeyboardInterrupt(), NoSpaceError("the disk is full")])
def test_what_was_stored_before_an_interruption_stays_and_is_continued(
    folder: Folder, stack: Path, monkeypatch: pytest.MonkeyPatch, trouble: BaseException
) -> None:
    append, calls = StackWriter.append, iter(range(100))

    def failing(writer: StackWriter, *given: Any) -> object:
        if next(calls) == 2:
            raise trouble
        return append(writer, *given)

    with monkeypatch.context() as patch:
        patch.setattr(filling, "_BATCH_BYTES", 3 * 2 * 8 * 8 * 3)
        patch.setattr(StackWriter, "append", failing)
        with pytest.raises(type(trouble)):
            ingest(folder, stack)
    stored = TrainingStack.open(stack)
    assert stored.n_samples == 6
    assert {subject.split for subject in stored.subjects} == {"train", "holdout"}
    summary = ingest(folder, stack)
    assert (summary.added, summary.unchanged) == (8, 12)
    assert summary.pairs == {"happy": PairCount(8, 2)}


@pytest.mark.parametrize("holdout", [0.2, ("1", "8")])
def test_a_batch_is_one_commit(
    folder: Folder, stack: Path, monkeypatch: pytest.MonkeyPatch, holdout: float | tuple[str, ...]
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


def test_london_photographs(london_128: Path, stack: Path) -> None:
    summary = ingest(london_128, stack)
    assert summary.pairs == {"smiling": PairCount(64, 16)}
    assert summary.complete
    assert {item.path.name for item in summary.ignored} == {"README.md", "SHA256SUMS", "transforms.csv"}


def _ingested(folder: Folder, stack: Path, holdout: float | list[str] | None = None) -> TrainingStack:
    ingest(folder, stack, holdout=holdout)
    return TrainingStack.open(stack)


def test_a_fraction_that_concerns_nobody_is_refused(folder: Folder, stack: Path) -> None:
    _ingested(folder, stack)
    with pytest.raises(BadParameterError, match="all of them are in the stack already, where nobody changes sides"):
        ingest(folder, stack, holdout=0.5)


def test_pairs_at_different_places_and_pictures_of_nothing_are_told(stack: Path, save: Save, tmp_path: Path) -> None:
    for person in range(4):
        for expression in ("neutral", "happy"):
            moved = 0.06 if (person, expression) == (1, "happy") else 0.0
            save(f"pairs/{expression}/{person}.png", np.moveaxis(head(person, (48, 48), right=moved), 0, -1))
    nothing = save("pairs/happy/3.png", Image.new("RGBA", (48, 48), (10, 20, 30, 0)))
    summary = ingest(tmp_path / "pairs", stack)
    assert summary.misaligned == {"1, happy": "6 % further right"}
    assert summary.blank == {nothing: "white all over"}
    told = [(notice.kind, notice.count, tuple(notice.examples)) for notice in summary.notices]
    assert told == [("doubtful", 1, (str(nothing),)), ("doubtful", 1, ("1, happy",))]


def test_what_a_model_made_is_not_taken_for_photographs_in_silence(folder: Folder, stack: Path) -> None:
    (folder / "manifest.jsonl").touch()
    assert not ingest(folder, stack).of_outputs
    (folder / ".manifest.lock").touch()
    summary = ingest(folder, stack)
    assert summary.of_outputs
    assert "the folder is one of outputs" in summary.notices[-1].text


def test_a_stack_in_the_place_of_a_photograph_leaves_nothing_beside_it(folder: Folder) -> None:
    before = set(folder.rglob("*"))
    photograph = next(path for path in before if path.is_file())
    with pytest.raises(StorageError):
        ingest(folder, photograph)
    assert set(folder.rglob("*")) == before


def test_the_photographs_are_no_place_for_the_stack(folder: Folder) -> None:
    with pytest.raises(BadParameterError, match="pairs is the folder of the photographs itself; expected another path"):
        ingest(folder, folder.parent / "x" / ".." / "pairs")
