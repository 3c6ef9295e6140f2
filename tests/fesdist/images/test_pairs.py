"""Layouts, subjects, what is ignored, and the words when there is nothing to pair."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from fesdist.ground.errors import BadParameterError, PairingError
from fesdist.images.listing import Exclusion
from fesdist.images.pairs import Layout, find_pairs

Touch = Callable[..., None]


@pytest.fixture
def touch(tmp_path: Path) -> Touch:
    """Return `touch(*names)`, which makes empty files; pairing looks at names only."""

    def touch(*names: str) -> None:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()

    return touch


def test_expression_folders(tmp_path: Path, touch: Touch) -> None:
    touch("neutral/b.png", "neutral/a.JPG", "neutral/c.png", "happy/a.webp", "happy/b.png", "sad/b.tif", "sad/d.png")
    pairs = find_pairs(tmp_path)
    assert {person.id: sorted(person.files) for person in pairs.people} == {
        "a": ["happy", "neutral"],
        "b": ["happy", "neutral", "sad"],
    }
    assert pairs.people[0].files["neutral"] == tmp_path / "neutral" / "a.JPG"
    assert pairs.expressions == ("happy", "neutral", "sad")
    assert pairs.missing == {"sad": ("a",)}
    assert pairs.without_target == ("c",)
    assert pairs.without_input == ("d",)
    assert pairs.holdout is None
    assert pairs.ignored == ()


def test_another_input_expression(tmp_path: Path, touch: Touch) -> None:
    touch("neutral/a.png", "happy/a.png", "happy/b.png")
    pairs = find_pairs(tmp_path, input_expression="happy")
    assert [person.id for person in pairs.people] == ["a"]
    assert pairs.without_target == ("b",)


def test_papers_layout_without_test_folders(tmp_path: Path, touch: Touch) -> None:
    touch("trainA/img_1.png", "trainB/img_1.png", "trainA_gray/img_1.png")
    pairs = find_pairs(tmp_path, layout=Layout("smiling"))
    assert pairs.people[0].files == {
        "neutral": tmp_path / "trainA/img_1.png",
        "smiling": tmp_path / "trainB/img_1.png",
    }
    assert pairs.holdout is None
    assert [skipped.path.name for skipped in pairs.ignored] == ["trainA_gray"]


def test_papers_layout_with_test_folders_tells_equal_stems_apart(tmp_path: Path, touch: Touch) -> None:
    touch("trainA/1.png", "trainB/1.png", "testA/1.png", "testB/1.png", "testA/2.png", "testB/2.png")
    pairs = find_pairs(tmp_path)
    assert [person.id for person in pairs.people] == ["1", "2", "test-1"]
    assert pairs.holdout == frozenset({"2", "test-1"})
    assert pairs.people[2].files["target"] == tmp_path / "testB/1.png"


def test_what_is_excluded_is_listed_with_its_pattern(tmp_path: Path, touch: Touch) -> None:
    touch("neutral/a.png", "happy/a.png", "neutral/b.png", "happy/b.png", "drafts/a.png", "happy/@eaDir/a.png")
    touch("trash/@eaDir/a.png", "neutral/c_old.png", "happy/c_old.png")
    layout = Layout(exclusion=Exclusion(("drafts", "*_old.*", "happy/b.png")))
    pairs = find_pairs(tmp_path, layout=layout)
    assert [person.id for person in pairs.people] == ["a"]
    assert pairs.without_target == ("b",)
    assert {skipped.path.relative_to(tmp_path).as_posix(): skipped.reason for skipped in pairs.ignored} == {
        "drafts": "--exclude drafts",
        "happy/@eaDir": "another program's",
        "happy/b.png": "--exclude happy/b.png",
        "happy/c_old.png": "--exclude *_old.*",
        "neutral/c_old.png": "--exclude *_old.*",
        "trash/@eaDir": "another program's",
    }


def test_the_papers_layout_can_be_excluded_from_too(tmp_path: Path, touch: Touch) -> None:
    touch("trainA/1.png", "trainB/1.png", "trainA/2.png", "trainB/2.png", "testA/3.png", "testB/3.png")
    pairs = find_pairs(tmp_path, layout=Layout(exclusion=Exclusion(("test?", "train*/2.*"))))
    assert [person.id for person in pairs.people] == ["1"]
    assert pairs.holdout is None


def test_hidden_files_are_passed_over_and_others_listed(tmp_path: Path, touch: Touch) -> None:
    touch("neutral/a.png", "happy/a.png", "neutral/._a.png", ".DS_Store", "__MACOSX/neutral/a.png")
    touch("happy/Thumbs.db", ".git/a.png", "README.md", "happy/notes.txt", "happy/raw/a.png", "landmarks/a.tem")
    ignored = {str(skipped.path.relative_to(tmp_path)): skipped.reason for skipped in find_pairs(tmp_path).ignored}
    assert ignored == {
        "__MACOSX": "another program's",
        "README.md": "lies beside the expressions' folders",
        "happy/notes.txt": "its name does not end like an image's",
        "happy/raw": "a folder inside an expression's folder",
        "landmarks/a.tem": "its name does not end like an image's",
    }


@pytest.mark.parametrize("pattern", [r"^(\d+)_", r"(?P<subject>\d+)_(\d+)", r"(_)?(?P<subject>\d{3})"])
def test_subject_pattern(tmp_path: Path, touch: Touch, pattern: str) -> None:
    touch("neutral/001_03.jpg", "happy/001_08.jpg", "happy/cover.jpg")
    pairs = find_pairs(tmp_path, layout=Layout(subject_pattern=pattern))
    assert [person.id for person in pairs.people] == ["001"]
    assert [skipped.reason for skipped in pairs.ignored] == ["the subject pattern does not match its name"]


def test_accents_pair_however_they_are_stored(tmp_path: Path, touch: Touch) -> None:
    touch(f"neutral/{unicodedata.normalize('NFD', 'José')}.png", f"happy/{unicodedata.normalize('NFC', 'José')}.png")
    assert [person.id for person in find_pairs(tmp_path).people] == [unicodedata.normalize("NFC", "José")]


def test_ids_that_cannot_be_stored_are_ignored(tmp_path: Path, touch: Touch) -> None:
    touch("neutral/a.png", "happy/a.png", "neutral/b\n.png", "happy/b\n.png", "neutral/b\udcff.png")
    pairs = find_pairs(tmp_path)
    assert [person.id for person in pairs.people] == ["a"]
    assert {skipped.reason for skipped in pairs.ignored} == {"a subject id has 1 to 200 printable characters"}
    assert len(pairs.ignored) == 3


def test_two_files_for_one_photograph(tmp_path: Path, touch: Touch) -> None:
    touch("neutral/a.png", "neutral/a.jpg", "happy/a.png")
    with pytest.raises(PairingError, match=r"subject 'a' with expression 'neutral': .*neutral/a\.jpg and .*/a\.png"):
        find_pairs(tmp_path)


def test_no_pairs_says_what_was_looked_for_and_found(tmp_path: Path, touch: Touch) -> None:
    touch("Neutral/a.png", "happy/a.png", "happy/b.png", "README.md")
    words = r"looked for neutral/<subject>.*found Neutral \(1 photograph\), happy \(2 photographs\), and other files"
    with pytest.raises(PairingError, match=words):
        find_pairs(tmp_path)


def test_empty_and_absent_folders(tmp_path: Path) -> None:
    with pytest.raises(PairingError, match=r"holds no pairs: .*found no photographs"):
        find_pairs(tmp_path)
    with pytest.raises(PairingError, match="absent is no folder; expected a folder of photographs"):
        find_pairs(tmp_path / "absent")


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        (Layout(subject_pattern="("), r"subject pattern '\(' is no regular expression"),
        (Layout(subject_pattern=r"\d+"), r"has no group; expected parentheses around the subject's id"),
        (Layout("neutral"), "input and target are both named 'neutral'"),
    ],
)
def test_unusable_settings(tmp_path: Path, layout: Layout, words: str) -> None:
    with pytest.raises(BadParameterError, match=words):
        find_pairs(tmp_path, layout=layout)
