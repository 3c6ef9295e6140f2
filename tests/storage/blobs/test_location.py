"""What every location keeps, on a disk and in an object store."""

from __future__ import annotations

import errno
import os
import pickle
import sys
from pathlib import Path

import pytest

from storage.blobs import confined, local
from storage.blobs.local import LocalLocation
from storage.blobs.location import Location, open_location
from storage.errors import AlreadyExistsError, BadNameError, NoSpaceError, NotFoundError, StorageError
from storage.stack.writer import StackWriter
from tests.storage.conftest import SPEC


@pytest.fixture(params=["disk", "s3", "gs", "az"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    if request.param == "disk":
        return open_location(str(tmp_path / "store"))
    if request.param == "s3":
        return open_location(request.getfixturevalue("s3_uri"))
    request.getfixturevalue("objects")
    return open_location(f"{request.param}://faces/store")


def test_documents_are_written_replaced_and_read(location: Location) -> None:
    location.write("a/b.json", b"old")
    location.write("a/b.json", b"new")
    assert location.read("a/b.json") == b"new"
    assert location.exists("a/b.json")
    assert not location.exists("a")


def test_a_document_is_created_once(location: Location) -> None:
    location.create("a/1.json", b"first")
    with pytest.raises(AlreadyExistsError, match=r"a/1\.json exists in .* and is never overwritten"):
        location.create("a/1.json", b"second")
    assert location.read("a/1.json") == b"first"


def test_what_is_absent_is_told(location: Location) -> None:
    with pytest.raises(NotFoundError, match=r"there is no a/1\.json in"):
        location.read("a/1.json")
    assert location.list("a") == []
    assert location.size("a") == 0
    location.delete("a")


def test_only_immediate_children_are_listed(location: Location) -> None:
    for key in ("m/versions/10.json", "m/versions/2.json", "m/data/x/zarr.json", "mm/versions/1.json"):
        location.write(key, b"1234")
    assert location.list("") == ["m", "mm"]
    assert location.list("m") == ["data", "versions"]
    assert location.list("m/versions") == ["10.json", "2.json"]
    assert location.size("m") == 12
    assert location.size("m/data/x/zarr.json") == 4
    location.delete("m")
    assert location.list("") == ["mm"]


def test_pickled_it_is_an_address(location: Location) -> None:
    location.write("a", b"1")
    copy = pickle.loads(pickle.dumps(location))
    assert copy.uri == location.uri
    assert copy.read("a") == b"1"


def test_addresses_of_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_location("weights").uri == str(tmp_path / "weights")
    assert open_location(f"file://{tmp_path}/a%20b").uri == str(tmp_path / "a b")
    assert not (tmp_path / "weights").exists()


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("ftp://host/weights", "has the scheme 'ftp', which fesdist does not write to: mount it, and give the folder"),
        ("s3a://faces/weights", "has the scheme 's3a', .*: write s3://bucket/prefix"),
        ("https://host/weights", "a web server does not create files only if they are absent"),
        ("memory://weights", "it would be gone with this process"),
        ("x://weights", "expected a folder, file:///folder, s3://bucket/prefix, gs://bucket/prefix, az://container"),
        ("gs:/faces", "has lost a slash: expected .* gs://bucket/prefix"),
        ("file://weights", "names no folder, as a host is what follows two slashes: expected a folder, file:///folder"),
        ("file://data/weights", "names no folder"),
        ("file://", "names no folder"),
        ("s3:///weights", "names no bucket: expected s3://bucket/prefix"),
        ("", "is no place for a store"),
    ],
)
def test_other_addresses_are_refused(uri: str, message: str) -> None:
    with pytest.raises(StorageError, match=message):
        open_location(uri)


@pytest.mark.parametrize("key", ["../x", "a//b", "/a", "a/..", "a/\0"])
def test_keys_never_leave_the_folder(tmp_path: Path, key: str) -> None:
    with pytest.raises(BadNameError, match="is no key of a store"):
        open_location(str(tmp_path)).write(key, b"")


def test_a_missing_bucket_is_told(s3_uri: str) -> None:
    absent = open_location("s3://no-such-bucket/weights")
    for attempt in (lambda: absent.write("a", b"1"), lambda: absent.read("a"), lambda: absent.list("a")):
        with pytest.raises(StorageError, match="there is no bucket s3://no-such-bucket: create it first") as refusal:
            attempt()
        assert not isinstance(refusal.value, NotFoundError)


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(StorageError, match=r"the package obstore is missing: pip install 'fesdist\[s3\]'"):
        open_location("s3://faces/never-opened")


def test_a_document_is_created_once_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    folder = open_location(str(tmp_path))
    folder.create("a/1.json", b"first")
    with pytest.raises(AlreadyExistsError):
        folder.create("a/1.json", b"second")
    assert folder.read("a/1.json") == b"first"


def test_half_a_document_that_filled_the_disk_keeps_nobody_from_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, full = os.fsync, [False, True]

    def refuse_once(descriptor: int) -> None:
        if full and full.pop(0):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    def no_links(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(os, "fsync", refuse_once)
    folder = open_location(str(tmp_path))
    with pytest.raises(NoSpaceError):
        folder.create("a/1.json", b"first")
    assert not full
    folder.create("a/1.json", b"second")
    assert folder.read("a/1.json") == b"second"


def test_a_repeated_request_of_a_network_disk_is_no_conflict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def link_and_lose_the_answer(source: Path, target: Path) -> None:
        link(source, target)
        raise FileExistsError(errno.EEXIST, "File exists")

    monkeypatch.setattr(os, "link", link_and_lose_the_answer)
    folder = open_location(str(tmp_path))
    folder.create("a.json", b"mine")
    assert folder.read("a.json") == b"mine"


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int) -> None:
    folder = open_location(str(tmp_path))
    folder.write("a.json", b"old")

    def refuse(path: Path) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(local, "sync", refuse)
    with pytest.raises(NoSpaceError, match=f"cannot write to {tmp_path}: .* free some space"):
        folder.write("a.json", b"new")
    assert folder.read("a.json") == b"old"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.json"]


def test_a_folder_without_permission_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(local, "sync", refuse)
    with pytest.raises(StorageError, match="Permission denied; choose a folder that you may write to"):
        open_location(str(tmp_path)).write("a.json", b"new")


@pytest.mark.parametrize(("number", "kind"), [(errno.EIO, OSError), (errno.EACCES, StorageError)])
def test_an_error_of_reading_has_the_name_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    def failing(descriptor: int, n_bytes: int) -> bytes:
        raise OSError(number, os.strerror(number))

    location = open_location(str(tmp_path))
    location.write("a/b.json", b"1")
    monkeypatch.setattr(confined, "_content", failing)
    with pytest.raises(kind, match=r"a/b\.json"):
        location.read("a/b.json")


@pytest.mark.parametrize(
    "root",
    [
        "a file/below",
        pytest.param(
            "/proc/nowhere", marks=pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")
        ),
    ],
)
def test_a_place_that_takes_no_folder_is_named(tmp_path: Path, root: str) -> None:
    (tmp_path / "a file").write_bytes(b"text")
    place = LocalLocation(tmp_path / root)
    for write in (place.put, place.write, place.create):
        with pytest.raises(StorageError, match=rf"no folder can be made at .*{root.split('/')[-1]}"):
            write("a/b", b"data")
    with pytest.raises(StorageError, match=r"no fil|no folder can be made"):
        StackWriter.create(tmp_path / root, SPEC)
    assert (tmp_path / "a file").read_bytes() == b"text"
