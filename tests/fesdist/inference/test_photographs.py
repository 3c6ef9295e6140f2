"""Which files are taken, what their outputs are called, and folders that must not be written to."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from fesdist.ground.errors import BadParameterError
from fesdist.images.listing import Exclusion
from fesdist.inference import walking
from fesdist.inference.names import DEFAULT_PATTERN, Naming, output_stems
from fesdist.inference.photographs import OutputPlaces, check_out, find_photographs, output_ending
from fesdist.inference.settings import OutputFormat
from tests.fesdist.inference.conftest import Publish, publish
from tests.fesdist.training.stacks import write_stack

__all__ = ["publish"]


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
    with pytest.raises(BadParameterError, match=r"no photographs in .*: found 1 file; .* end in \.png \.jpg"):
        find_photographs(tmp_path, tmp_path / "out")


def test_outputs_into_the_photographs_themselves_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    with pytest.raises(BadParameterError, match="is the folder of the photographs itself; choose another one"):
        check_out(tmp_path, tmp_path / "sub" / "..")


def test_outputs_are_not_written_into_stacks_and_stores(publish: Publish, tmp_path: Path) -> None:
    write_stack(tmp_path / "stack.zarr", side=8)
    with pytest.raises(BadParameterError, match=r"stack\.zarr/images is in .*stack\.zarr, a Zarr group such as"):
        check_out(tmp_path, tmp_path / "stack.zarr" / "images")
    store = publish().store
    with pytest.raises(BadParameterError, match="is a weight store, with london; choose another folder"):
        check_out(tmp_path, Path(store))


@pytest.mark.parametrize(
    ("source", "out", "name"),
    [
        ("faces/smiling", "faces", "smiling/a.png"),
        ("faces/smiling/a.png", "faces", "smiling/b.png"),
        ("faces/smiling/children", "faces", "smiling/c.png"),
        ("faces/smiling", "faces", "smiling/new/a.png"),
        ("faces", "elsewhere", "../faces/a.png"),
    ],
)
def test_outputs_among_the_photographs_are_refused(tmp_path: Path, source: str, out: str, name: str) -> None:
    touch(tmp_path, "faces/smiling/a.png", "faces/smiling/children/b.png")
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(BadParameterError, match=r"among the photographs .* choose another folder"):
        OutputPlaces(find_photographs(tmp_path / source).root, tmp_path / out).check("a.png", [name])


def test_outputs_below_or_beside_the_photographs_are_fine(tmp_path: Path) -> None:
    touch(tmp_path, "photos/a.png")
    photographs, single = find_photographs(tmp_path / "photos"), find_photographs(tmp_path / "photos" / "a.png")
    for found, out, name in (
        (photographs, "photos/out", "smiling/a.png"),
        (photographs, ".", "smiling/a.png"),
        (photographs, ".", "b.png"),
        (single, "photos", "smiling/a.png"),
        (single, "photos", "a_smiling.png"),
    ):
        check_out(tmp_path / "photos" / "a.png", tmp_path / out)
        OutputPlaces(found.root, tmp_path / out).check("a.png", [name])
    with pytest.raises(BadParameterError, match=r"would replace photographs, such as .*a\.png; .* pattern of names"):
        OutputPlaces(single.root, tmp_path / "photos").check("a.png", ["b.png", "a.png"])


def test_a_file_in_place_of_the_folder_of_outputs_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "out")
    with pytest.raises(BadParameterError, match="out is a file; expected a folder for the outputs"):
        check_out(tmp_path, tmp_path / "out")
    (tmp_path / "more" / "manifest.jsonl").mkdir(parents=True)
    with pytest.raises(BadParameterError, match=r"manifest\.jsonl is a folder; expected the file of an earlier run"):
        check_out(tmp_path, tmp_path / "more")


def test_a_link_that_cannot_be_followed_is_one_file_among_others(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "sub/b.png")
    (tmp_path / "sub" / "itself.png").symlink_to("itself.png")
    found = find_photographs(tmp_path)
    assert found.images == ("a.png", "sub/b.png", "sub/itself.png")
    assert found.left_out == {}


def test_a_folder_that_cannot_be_read_is_told_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: str) -> tuple[list[str], list[str]]:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(walking, "entries", refused)
    with pytest.raises(BadParameterError, match=r"1 left out, such as \./ \(Permission denied\); expected names"):
        find_photographs(tmp_path)


def test_other_programs_folders_and_what_is_excluded_are_left_alone_and_told(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "@eaDir/a.png", "sub/@eaDir/b.png", "#recycle/c.png", "Pictures.photoslibrary/d.png")
    touch(tmp_path, "drafts/e.png", "sub/f_old.png", "sub/g.png", "h.txt", "Thumbs.db", ".thumbnails/i.png")
    found = find_photographs(tmp_path, None, Exclusion(("drafts/", "*_old.*", "./h.txt")))
    assert found.images == ("a.png", "sub/g.png")
    assert found.others == ()
    assert found.left_out == {
        "#recycle/": "another program's",
        "@eaDir/": "another program's",
        "Pictures.photoslibrary/": "another program's",
        "drafts/": "--exclude drafts/",
        "h.txt": "--exclude ./h.txt",
        "sub/@eaDir/": "another program's",
        "sub/f_old.png": "--exclude *_old.*",
    }
    assert find_photographs(tmp_path, None, Exclusion(("sub/*",))).images == ("a.png", "drafts/e.png")
    with pytest.raises(BadParameterError, match=r"and 7 left out, such as #recycle/ \(another program's\); expected"):
        find_photographs(tmp_path, None, Exclusion(("*",)))
    # Who names such a folder means it.
    assert find_photographs(tmp_path / "@eaDir").images == ("a.png",)


def test_an_empty_pattern_is_refused() -> None:
    with pytest.raises(BadParameterError, match="has an empty pattern"):
        Exclusion(("drafts", "/"))


def test_a_hundred_thousand_files_are_listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Whatever compares each name with all others takes minutes here.
    names = [f"{number:06}.{ending}" for number in range(50_000) for ending in ("png", "txt")]
    monkeypatch.setattr(walking, "entries", lambda _: ([], names))
    found = find_photographs(tmp_path)
    assert len(found.images) == len(found.others) == 50_000
    made = Naming(("smiling",), DEFAULT_PATTERN, {}, lambda _: ".png").of(found.images)
    assert dict(made)["000007.png"] == {"smiling": "smiling/000007.png"}


def test_a_tree_is_walked_a_folder_at_a_time(tmp_path: Path) -> None:
    touch(tmp_path, "b/2.png", "B/1.png", "a/c/3.png", "a/d/4.png", "z.png", "a/n.txt", "b/C/5.png", "B/c/6.png")
    (tmp_path / "a/d/loop").symlink_to(tmp_path)
    found = list(walking.walk(tmp_path, None, Exclusion(()), pytest.fail))
    assert [listing.images for listing in found] == [
        ["z.png"],
        [],
        ["a/c/3.png"],
        ["a/d/4.png"],
        # Folders that some systems do not tell apart are one, so that their outputs are.
        ["B/1.png", "b/2.png"],
        ["B/c/6.png", "b/C/5.png"],
    ]
    assert found[1].others == ["a/n.txt"]


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a/1.png", "b/2.png")

    def refusing(folder: str) -> tuple[list[str], list[str]]:
        if folder.endswith("/a/"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return entries(folder)

    entries = walking.entries
    monkeypatch.setattr(walking, "entries", refusing)
    found = find_photographs(tmp_path)
    assert (found.images, found.left_out) == (("b/2.png",), {"a/": "Permission denied"})


def test_outputs_keep_the_paths_of_their_photographs() -> None:
    assert dict(output_stems(["sub/a.jpg", "sub/b.tar.gz"])) == {"sub/a.jpg": "sub/a", "sub/b.tar.gz": "sub/b.tar"}


def test_names_that_collide_keep_their_endings() -> None:
    stems = dict(output_stems(["a.jpg", "a.png", "b.png"]))
    assert stems == {"a.jpg": "a.jpg", "a.png": "a.png", "b.png": "b"}


def test_no_two_photographs_share_an_output_even_where_case_is_ignored() -> None:
    images = ["a.jpg", "A.png", "a.jpg.png", "a.JPG", "a.png.bmp"]
    stems = dict(output_stems(images))
    assert len({stem.casefold() for stem in stems.values()}) == len(images)


@pytest.mark.parametrize(
    ("image", "chosen", "ending"),
    [
        ("a.JPG", OutputFormat.SAME, ".jpg"),
        ("a.tiff", OutputFormat.SAME, ".tiff"),
        ("a.gif", OutputFormat.SAME, ".png"),
        ("a.dat", OutputFormat.SAME, ".png"),
        ("a.png", OutputFormat.TIFF, ".tif"),
        ("a.jpg", OutputFormat.WEBP, ".webp"),
        ("a.png", OutputFormat.JPEG, ".jpg"),
    ],
)
def test_the_format_decides_the_ending(image: str, chosen: OutputFormat, ending: str) -> None:
    assert output_ending(image, chosen) == ending
