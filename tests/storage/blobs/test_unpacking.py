"""What is unpacked is what Blosc makes of it: blocks without the others, and bits that others put in order."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from numcodecs import blosc

from fesdist.simd.unshuffling import unshuffle
from storage.blobs import unpacking
from storage.blobs.unpacking import blocks_around, unpack, unshuffle_with

N_BYTES = 100_000
RANDOM = np.random.default_rng(0)


def values(most: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return RANDOM.integers(0, most, N_BYTES, dtype=np.uint8)


def packed(most: int = 8, *, shuffle: int = blosc.BITSHUFFLE, of_block: int = 8192, dtype: str = "u1") -> bytes:
    return bytes(blosc.compress(values(most).view(dtype), b"zstd", 1, shuffle, of_block))


@pytest.fixture(params=["Blosc's own", "ours"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have what is unpacked unshuffled by Blosc, then by our kernel."""
    monkeypatch.setattr(unpacking, "_unshuffle", None)
    if request.param == "ours":
        unshuffle_with(unshuffle)
    return str(request.param)


def whole(data: bytes) -> bytes:
    return bytes(blosc.decompress(data))


@pytest.mark.parametrize("of_block", [0, 1024, 8192, 65536])
@pytest.mark.parametrize("shuffle", [blosc.NOSHUFFLE, blosc.SHUFFLE, blosc.BITSHUFFLE])
@pytest.mark.parametrize(("most", "dtype"), [(8, "u1"), (256, "u1"), (8, "f8"), (200, "f8")])
def test_any_part_is_what_it_is_in_the_whole(of_block: int, shuffle: int, most: int, dtype: str) -> None:
    data = packed(most, shuffle=shuffle, of_block=of_block, dtype=dtype)
    expected = whole(data)
    ends = [0, 1, 8191, 8192, 8193, 50_000, 98_304, 99_999, N_BYTES]
    for start in ends:
        for stop in (each for each in ends if each > start):
            part, begin, end = blocks_around(data, start, stop)
            assert begin <= start < stop <= end
            assert whole(part) == expected[begin:end]


def test_only_the_blocks_around_are_unpacked() -> None:
    part, begin, end = blocks_around(packed(), 20_000, 30_000)
    assert (begin, end) == (2 * 8192, 4 * 8192)
    assert len(part) < len(packed()) / 4
    # The last block is shorter.
    assert blocks_around(packed(), 99_000, N_BYTES)[1:] == (12 * 8192, N_BYTES)


def test_what_was_not_packed_is_left_as_it_is() -> None:
    data = bytes(blosc.compress(values(256), b"zstd", 1, blocksize=8192))
    assert data[2] & 2
    assert blocks_around(data, 10, 20) == (data, 0, N_BYTES)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (16 + 4, 1 << 31),  # place of the second block
        (16 + 4, 99_000),
        (8, 0),  # bytes of a block
        (8, 1),
        (8, 1 << 31),
    ],
)
def test_damaged_containers_are_left_to_blosc(at: int, value: int) -> None:
    data = bytearray(packed())
    struct.pack_into("<I", data, at, value)
    assert blocks_around(bytes(data), 8192, 8193)[0] == data


def test_blocks_that_overlap_take_no_memory() -> None:
    data = bytearray(packed())
    (first,) = struct.unpack_from("<I", data, 16)
    struct.pack_into("<I", data, first, len(data) - first - 4)
    for number in range(13):
        struct.pack_into("<I", data, 16 + 4 * number, first)
    assert blocks_around(bytes(data), 0, 90_000)[0] == data


def test_changed_bytes_end_in_an_error_or_in_other_values() -> None:
    """Never in a crash, nor in more bytes than were promised."""
    data = packed()
    for _ in range(2000):
        changed = bytearray(data)
        changed[16 + int(RANDOM.integers(len(data) - 16))] = int(RANDOM.integers(256))
        part, begin, end = blocks_around(bytes(changed), 20_000, 30_000)
        try:
            assert len(whole(part)) == end - begin
        except RuntimeError:
            continue


@pytest.mark.parametrize("n_bytes", [8, 64, 100_000, 99_999, 8192, 8200, 40_964])
@pytest.mark.parametrize("of_block", [0, 128, 1000, 1023, 8192, 65536])
@pytest.mark.parametrize("shuffle", [blosc.NOSHUFFLE, blosc.SHUFFLE, blosc.BITSHUFFLE])
@pytest.mark.parametrize(("most", "dtype"), [(2, "u1"), (256, "u1"), (5, "f8")])
def test_all_that_blosc_packs_is_unpacked(
    way: str, n_bytes: int, of_block: int, shuffle: int, most: int, dtype: str
) -> None:
    given = RANDOM.integers(0, most, n_bytes // np.dtype(dtype).itemsize).astype(dtype)
    data = bytes(blosc.compress(given, b"zstd", 1, shuffle, of_block))
    found = np.full(given.nbytes, 7, np.uint8)
    unpack(data, found)
    assert np.array_equal(found, given.view(np.uint8))


def test_our_kernel_is_asked_for_bits_of_bytes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(unpacking, "_unshuffle", lambda planes, octets, of_block: asked.append((len(planes), of_block)))
    found = np.empty(N_BYTES, np.uint8)
    for data in (packed(shuffle=blosc.SHUFFLE), packed(dtype="f8"), bytes(blosc.compress(values(256), b"zstd", 1))):
        unpack(data, found)
    assert asked == []
    unpack(packed(), found)
    assert asked == [(N_BYTES, 8192)]


@pytest.mark.parametrize("cut_off", [17, 100, 20_000])
def test_what_is_cut_off_is_an_error(way: str, cut_off: int) -> None:
    data = bytearray(packed()[:cut_off])
    struct.pack_into("<I", data, 12, len(data))
    with pytest.raises(RuntimeError):
        unpack(bytes(data), np.empty(N_BYTES, np.uint8))
