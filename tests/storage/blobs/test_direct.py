"""Documents past the system's cache: the same bytes on every file system, whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from storage.blobs import direct
from storage.blobs.direct import aligned_bytes, write_file
from tests.storage.places import mounted

LARGE = 3 << 20


def filled(n_bytes: int) -> memoryview:
    data = aligned_bytes(n_bytes)
    data[:] = np.random.default_rng(n_bytes).integers(0, 256, n_bytes, dtype=np.uint8)
    return data.data


@pytest.mark.parametrize("n_bytes", [0, 1, 4096, LARGE - 1, LARGE, LARGE + 512])
def test_bytes_are_what_they_were(tmp_path: Path, n_bytes: int) -> None:
    data = filled(n_bytes)
    for _ in range(2):
        write_file(tmp_path / "a", data)
        assert (tmp_path / "a").read_bytes() == data
    write_file(tmp_path / "b", bytes(data))
    assert (tmp_path / "b").read_bytes() == data


def test_a_shorter_document_replaces_a_longer_one(tmp_path: Path) -> None:
    write_file(tmp_path / "a", filled(LARGE))
    write_file(tmp_path / "a", b"short")
    assert (tmp_path / "a").read_bytes() == b"short"


def test_memory_is_kept_and_may_be_used_for_less(tmp_path: Path) -> None:
    large = aligned_bytes(LARGE)
    assert aligned_bytes(100).ctypes.data == large.ctypes.data == aligned_bytes(LARGE).ctypes.data
    assert len(aligned_bytes(100)) == 100
    assert len(aligned_bytes(0)) == 0


@pytest.mark.skipif(not direct._DIRECT, reason="this system writes no file past its cache")
def test_large_documents_go_past_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turned = []
    set_direct = direct._set_direct

    def turn(descriptor: int, *, on: bool) -> bool:
        turned.append(on)
        return set_direct(descriptor, on=on)

    monkeypatch.setattr(direct, "_set_direct", turn)
    write_file(tmp_path / "a", filled(LARGE))
    assert turned[:1] == [True]
    turned.clear()
    write_file(tmp_path / "a", filled(LARGE)[1:])
    write_file(tmp_path / "a", filled(4096))
    assert not turned


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP])
def test_a_file_system_that_refuses_gets_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Also after a first part was taken."""
    write, calls = os.write, []

    def refuse(descriptor: int, data: memoryview) -> int:
        calls.append(len(data))
        if len(calls) == 1:
            return write(descriptor, data[: 1 << 20])
        if len(calls) == 2:
            raise OSError(number, os.strerror(number))
        return write(descriptor, data)

    data = filled(LARGE)
    monkeypatch.setattr(direct, "_set_direct", lambda descriptor, *, on: on)
    monkeypatch.setattr(os, "write", refuse)
    write_file(tmp_path / "a", data)
    monkeypatch.undo()
    assert calls == [LARGE, LARGE - (1 << 20), LARGE - (1 << 20)]
    assert (tmp_path / "a").read_bytes() == data


def test_other_errors_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int, data: memoryview) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    data = filled(LARGE)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", fail)
        with pytest.raises(OSError, match="No space left"):
            write_file(tmp_path / "a", data)


def test_a_file_system_in_memory_takes_them(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", 8 << 20) as made:
        if not made:
            pytest.skip("a small file system needs root and mount")
        data = filled(LARGE)
        write_file(tmp_path / "disk/a", data)
        assert (tmp_path / "disk/a").read_bytes() == data
