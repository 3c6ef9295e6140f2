"""Which files are taken, what their outputs are called, and folders that must not be written to."""

from __future__ import annotations

from pathlib import Path

import pytest

from fesdist.ground.errors import BadParameterError
from fesdist.inference.photographs import check_out, find_photographs, output_ending, output_stems
from fesdist.inference.settings import OutputFormat


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_a_tree_is_listed_in_order_without_hidden_files(tmp_path: Path) -> None:
    touch(tmp_path, "b.JPG", "sub/a.png", "a.webp", "notes.txt", ".DS_Store", "._b.jpg", ".git/c.png")
    found = find_photographs(tmp_path, tmp_path / "out")
    assert found.images == ("a.webp", "b.JPG", "sub/a.png")
    assert found.others == ("notes.txt",)


def test_a_single_file_is_a_folder_of_one(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "b.png")
    found = find_photographs(tmp_path / "a.png", tmp_path / "out")
    assert (found.root, found.images) == (tmp_path, ("a.png",))


def test_outputs_below_the_photographs_are_not_photographs(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "out/smiling/a.png")
    assert find_photographs(tmp_path, tmp_path / "out").images == ("a.png",)


def test_a_loop_of_links_ends_and_linked_folders_are_read(tmp_path: Path) -> None:
    touch(tmp_path, "elsewhere/b.png", "photos/a.png")
    (tmp_path / "photos" / "loop").symlink_to(tmp_path / "photos")
    (tmp_path / "photos" / "more").symlink_to(tmp_path / "elsewhere")
    assert find_photographs(tmp_path / "photos", tmp_path / "out").images == ("a.png", "more/b.png")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadParameterError, match="nowhere does not exist; expected a folder of photographs"):
        find_photographs(tmp_path / "nowhere", tmp_path / "out")


def test_a_folder_without_photographs_says_what_was_found_and_expected(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt")
    with pytest.raises(BadParameterError, match=r"no photographs in .*: found 1 files, .* end in \.png \.jpg"):
        find_photographs(tmp_path, tmp_path / "out")


def test_outputs_into_the_photographs_themselves_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    with pytest.raises(BadParameterError, match="is the folder of the photographs itself; choose another one"):
        check_out(tmp_path, tmp_path / "sub" / "..", ["smiling"])


@pytest.mark.parametrize(
    ("source", "out"),
    [("faces/smiling", "faces"), ("faces/smiling/a.png", "faces"), ("faces/smiling/children", "faces")],
)
def test_outputs_among_the_photographs_are_refused(tmp_path: Path, source: str, out: str) -> None:
    touch(tmp_path, "faces/smiling/a.png", "faces/smiling/children/b.png")
    with pytest.raises(BadParameterError, match=r"among the photographs .* choose another folder"):
        check_out(tmp_path / source, tmp_path / out, ["smiling"])


def test_outputs_below_or_beside_the_photographs_are_fine(tmp_path: Path) -> None:
    touch(tmp_path, "photos/a.png")
    check_out(tmp_path / "photos", tmp_path / "photos" / "out", ["smiling"])
    check_out(tmp_path / "photos", tmp_path, ["smiling"])
    check_out(tmp_path / "photos" / "a.png", tmp_path / "photos", ["smiling"])


def test_a_file_in_place_of_the_folder_of_outputs_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "out")
    with pytest.raises(BadParameterError, match="out is a file; expected a folder for the outputs"):
        check_out(tmp_path, tmp_path / "out", ["smiling"])


def test_outputs_keep_the_paths_of_their_photographs() -> None:
    assert output_stems(["a.jpg", "sub/a.jpg"]) == {"a.jpg": "a", "sub/a.jpg": "sub/a"}


def test_names_that_collide_keep_their_endings() -> None:
    stems = output_stems(["a.jpg", "a.png", "b.png"])
    assert stems == {"a.jpg": "a.jpg", "a.png": "a.png", "b.png": "b"}


def test_no_two_photographs_share_an_output_even_where_case_is_ignored() -> None:
    images = ["a.jpg", "A.png", "a.jpg.png", "a.JPG", "a.png.bmp"]
    stems = output_stems(images)
    assert len({stem.casefold() for stem in stems.values()}) == len(images)


@pytest.mark.parametrize(
    ("image", "chosen", "ending"),
    [
        ("a.JPG", OutputFormat.SAME, ".jpg"),
        ("a.tiff", OutputFormat.SAME, ".tiff"),
        ("a.gif", OutputFormat.SAME, ".png"),
        ("a.jpg", OutputFormat.WEBP, ".webp"),
        ("a.png", OutputFormat.JPEG, ".jpg"),
    ],
)
def test_the_format_decides_the_ending(image: str, chosen: OutputFormat, ending: str) -> None:
    assert output_ending(image, chosen) == ending
