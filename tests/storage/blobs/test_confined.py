"""Files by keys: what is read, what is no file, and links."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from storage.blobs.confined import ConfinedFolder
from storage.errors import BadNameError, FormatError

MOST = 1 << 20


@pytest.fixture
def folder(tmp_path: Path) -> ConfinedFolder:
    (tmp_path / "store/a/b").mkdir(parents=True)
    (tmp_path / "store/a/b/chunk").write_bytes(b"0123456789")
    (tmp_path / "secret").write_bytes(b"secret")
    return ConfinedFolder(str(tmp_path / "store"))


@pytest.mark.parametrize("at_once", [1, 3, 10, 11])
def test_a_file_is_read_whole_however_little_comes_at_once(
    folder: ConfinedFolder, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    read = os.read
    monkeypatch.setattr(os, "read", lambda descriptor, n_bytes: read(descriptor, min(n_bytes, at_once)))
    found = folder.read("a/b/chunk", MOST)
    monkeypatch.undo()
    assert found == b"0123456789"


def test_no_file_is_nothing(folder: ConfinedFolder) -> None:
    root = Path(folder.root)
    os.mkfifo(root / "pipe")
    # Names of sockets must be short.
    previous = Path.cwd()
    os.chdir(root)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket")
            keys = ("nothing", "nothing/below", "a", "a/b/chunk/below", "pipe", "socket")
            assert [folder.read(key, MOST) for key in keys] == [None] * len(keys)
    finally:
        os.chdir(previous)


def test_too_large_a_file_is_refused_before_it_is_read(folder: ConfinedFolder) -> None:
    assert folder.read("a/b/chunk", 10) == b"0123456789"
    with pytest.raises(FormatError, match=r"a/b/chunk has 10 bytes; expected at most 9"):
        folder.read("a/b/chunk", 9)


@pytest.mark.parametrize("key", ["../secret", "a/../../secret", "a//b", "/etc/hostname", "a/.", "a\0b"])
def test_keys_that_climb_are_refused(folder: ConfinedFolder, key: str) -> None:
    for use in (folder.path, lambda key: folder.read(key, MOST)):
        with pytest.raises(BadNameError, match="is no key of a store"):
            use(key)


def test_links_out_are_refused_and_links_within_are_followed(folder: ConfinedFolder) -> None:
    root = Path(folder.root)
    (root / "file").symlink_to("../secret")
    (root / "folder").symlink_to("..")
    (root / "own").symlink_to("a/b/chunk")
    (root / "own folder").symlink_to("a")
    for key in ("file", "folder/secret", "folder/none"):
        for use in (folder.path, lambda key: folder.read(key, MOST)):
            with pytest.raises(FormatError, match=r"is a link to .*, out of .*/store; expected files of its own"):
                use(key)
    assert folder.read("own", MOST) == folder.read("own folder/b/chunk", MOST) == b"0123456789"
    assert folder.path("own folder/b/chunk") == f"{root}/own folder/b/chunk"


def test_a_file_that_became_a_link_is_refused(folder: ConfinedFolder) -> None:
    assert folder.read("a/b/chunk", MOST) == b"0123456789"
    chunk = Path(folder.root, "a/b/chunk")
    chunk.unlink()
    chunk.symlink_to("../../../secret")
    with pytest.raises(FormatError, match="is a link to"):
        folder.read("a/b/chunk", MOST)


def test_a_folder_that_is_made_as_a_link_is_refused(folder: ConfinedFolder) -> None:
    """A folder counts as looked at once it is there, not before."""
    assert folder.read("later/secret", MOST) is None
    Path(folder.root, "later").symlink_to("..")
    with pytest.raises(FormatError, match="is a link to"):
        folder.read("later/secret", MOST)
