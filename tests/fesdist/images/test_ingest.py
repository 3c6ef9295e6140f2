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
from fesdist.images.summary import PairCount
from fesdist.images.survey import Wanted
from storage.errors import BadNameError, NoSpaceError, StorageError
from storage.stack.reading import TrainingStack
from storage.stack.writer import StackWriter
from tests.fesdist.ground.heads import head
from tests.fesdist.images.conftest import Pixels, Save, ingested

WHOLE = slice(None)

EYES = ((0.3, 0.3), (0.7, 0.3))


def test_every_pixel_arrives(folder: Path, stack: Path) -> None:
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


def test_the_same_folder_twice_changes_nothing(folder: Path, stack: Path) -> None:
    ingest(folder, stack)
    before = TrainingStack.open(stack).subjects
    summary = ingest(folder, stack)
    assert (summary.created, summary.added, summary.unchanged) == (False, 0, 20)
    assert TrainingStack.open(stack).subjects == before


def test_more_people_and_expressions_are_appended(folder: Path, stack: Path, save_face: Save) -> None:
    held = {s.id for s in ingested(folder, stack).subjects if s.holdout}
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


def test_bad_files_are_listed_and_stop_nothing(folder: Path, stack: Path) -> None:
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


def test_a_bad_file_among_several_targets_takes_only_itself(folder: Path, stack: Path, save_face: Save) -> None:
    save_face("pairs/sad/0.png", seed=99)
    (folder / "happy" / "0.png").write_text("no image")
    summary = ingest(folder, stack)
    assert summary.unpaired == ()
    lacking = [person.id for person in TrainingStack.open(stack).subjects if "happy" not in person.digests]
    assert lacking == ["0"]


def test_another_person_under_a_stored_id_adds_nothing(folder: Path, stack: Path, save_face: Save) -> None:
    opened = ingested(folder, stack)
    save_face("others/neutral/1.png", seed=1000)
    save_face("others/angry/1.png", seed=1001)
    summary = ingest(folder.parent / "others", stack)
    assert (summary.added, summary.unpaired) == (0, ("1",))
    assert summary.skipped[0].reason == "another neutral image of subject '1' is stored; nothing of this one was added"
    assert TrainingStack.open(stack).subjects == opened.subjects


def test_another_target_under_a_stored_id_is_listed(folder: Path, stack: Path, save_face: Save) -> None:
    opened = ingested(folder, stack)
    save_face("pairs/happy/1.png", seed=1000)
    summary = ingest(folder, stack)
    assert summary.skipped[0].reason == "another happy image of subject '1' is stored; it was kept"
    assert summary.unchanged == 19
    assert TrainingStack.open(stack).subjects == opened.subjects


def test_mixed_sizes_need_a_size(folder: Path, stack: Path, save_face: Save) -> None:
    save_face("pairs/happy/3.png", shape=(16, 12))
    words = r"2 different sizes \(rows x columns\): 8 x 8 \(19 files\), 16 x 12 \(1 file\); expected one\. Give --size"
    with pytest.raises(PairingError, match=words):
        ingest(folder, stack)
    assert not stack.exists()
    summary = ingest(folder, stack, Wanted(size=(8, 8)))
    assert summary.resized == {(16, 12): 1}
    assert summary.stretched == 1
    assert ingest(folder, stack).unchanged == 20


def test_an_existing_stack_decides(folder: Path, stack: Path) -> None:
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


def test_eyes_of_an_existing_stack_are_told_as_they_are_given(folder: Path, stack: Path) -> None:
    ingest(folder, stack, Wanted(eyes=EYES))
    assert ingest(folder, stack, Wanted(eyes=EYES)).unchanged == 20
    with pytest.raises(
        BadParameterError, match=r"holds eyes at 0\.3,0\.3,0\.7,0\.3, but 0\.4,0\.4,0\.6,0\.4 was asked for"
    ):
        ingest(folder, stack, Wanted(eyes=((0.4, 0.4), (0.6, 0.4))))


def test_gray_photographs_make_a_gray_stack_and_one_in_colour_an_rgb_one(
    folder: Path, tmp_path: Path, rgb: Pixels, save: Save
) -> None:
    for expression in ("neutral", "happy"):
        save(f"gray/{expression}/a.png", rgb[..., 0])
    assert ingest(tmp_path / "gray", tmp_path / "gray.zarr").spec.channels == 1
    save("gray/happy/a.png", rgb)
    assert ingest(tmp_path / "gray", tmp_path / "rgb.zarr").spec.channels == 3


def test_min_max_stretches_each_image(folder: Path, stack: Path, rgb: Pixels, save: Save) -> None:
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


def test_folders_that_cannot_be_expressions(folder: Path, stack: Path) -> None:
    (folder / "happy").rename(folder / "very happy")
    with pytest.raises(BadNameError, match="expression name 'very happy' cannot be used"):
        ingest(folder, stack)
    assert not stack.exists()


@pytest.mark.parametrize("trouble", [KeyboardInterrupt(), NoSpaceError("the disk is full")])
def test_what_was_stored_before_an_interruption_stays_and_is_continued(
    folder: Path, stack: Path, monkeypatch: pytest.MonkeyPatch, trouble: BaseException
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


def test_london_photographs(london_128: Path, stack: Path) -> None:
    summary = ingest(london_128, stack)
    assert summary.pairs == {"smiling": PairCount(64, 16)}
    assert summary.complete
    assert {item.path.name for item in summary.ignored} == {"README.md", "SHA256SUMS", "transforms.csv"}


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


def test_what_a_model_made_is_not_taken_for_photographs_in_silence(folder: Path, stack: Path) -> None:
    (folder / "manifest.jsonl").touch()
    assert not ingest(folder, stack).of_outputs
    (folder / ".manifest.lock").touch()
    summary = ingest(folder, stack)
    assert summary.of_outputs
    assert "the folder is one of outputs" in summary.notices[-1].text


def test_a_stack_in_the_place_of_a_photograph_leaves_nothing_beside_it(folder: Path) -> None:
    before = set(folder.rglob("*"))
    photograph = next(path for path in before if path.is_file())
    with pytest.raises(StorageError):
        ingest(folder, photograph)
    assert set(folder.rglob("*")) == before


def test_the_photographs_are_no_place_for_the_stack(folder: Path) -> None:
    with pytest.raises(BadParameterError, match="pairs is the folder of the photographs itself; expected another path"):
        ingest(folder, folder.parent / "x" / ".." / "pairs")
