"""Blosc's containers unpacked: blocks around what is asked for, without the others, and as fast as somebody can."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numcodecs import blosc
from numpy.typing import NDArray

Unshuffle = Callable[[NDArray[np.uint8], NDArray[np.uint8], int], None]
"""Gets what bitshuffle made of single bytes, memory for these, and the bytes of a block: a multiple of 8, as the last
one is. In a block of n bytes, bit i of byte k of the n / 8 bytes of plane b is bit b of byte 8 k + i."""

_HEADER, _PLACE = struct.Struct("<4B3I"), struct.Struct("<I")
_VERSION = 2
_STORED, _BITSHUFFLED, _WHOLE_BLOCKS = 0x02, 0x04, 0x10
"""Flags: what was not packed at all; whose bits were put plane by plane; what is packed a block at a time, and not a
byte of each value at a time."""

_unshuffle: Unshuffle | None = None
_scratch = threading.local()


class _Header(NamedTuple):
    """How a container begins: little-endian, the first four a byte each."""

    version: int
    of_codec: int
    flags: int
    of_value: int
    n_bytes: int
    """Unpacked."""
    of_block: int
    n_packed: int

    @classmethod
    def of(cls, data: bytes) -> _Header:
        return cls(*_HEADER.unpack_from(data))

    def packed(self) -> bytes:
        data: bytes = _HEADER.pack(*self)
        return data


def unshuffle_with(function: Unshuffle) -> None:
    """Have this process unshuffle with `function`, which is faster than Blosc: that takes single bytes one by one."""
    global _unshuffle
    _unshuffle = function


def unpack(data: bytes, octets: NDArray[np.uint8]) -> None:
    """Set `octets` to all that `data` unpacks to, which is as many bytes; raises RuntimeError as Blosc does.

    The lengths in the header of `data` have been compared with its own and theirs, as Blosc believes them.
    """
    header = _Header.of(data)
    in_planes = header.flags & (_STORED | _BITSHUFFLED) == _BITSHUFFLED and header.of_value == 1
    in_eights = header.of_block > 0 and header.n_bytes % 8 == header.of_block % 8 == 0
    if _unshuffle is None or not (header.version == _VERSION and in_planes and in_eights):
        blosc.decompress(data, octets)
        return
    planes = scratch("planes", header.n_bytes)
    # To Blosc these are bytes that were never shuffled.
    plain = header._replace(flags=header.flags & ~_BITSHUFFLED)
    blosc.decompress(plain.packed() + data[_HEADER.size :], planes)
    _unshuffle(planes, octets, header.of_block)


def blocks_around(data: bytes, start: int, stop: int) -> tuple[bytes, int, int]:
    """Return a container of the blocks around bytes `start` to `stop` of all that `data` unpacks to.

    It unpacks to the bytes between the two places that are returned with it. Where blocks cannot be told apart, and
    where they are not as they should be, it is `data`, of which Blosc says what is wrong.
    """
    header = _Header.of(data)
    n_bytes, of_block = header.n_bytes, header.of_block
    together = header.of_value == 1 or header.flags & _WHOLE_BLOCKS
    if header.flags & _STORED or not together or not of_block:
        return data, 0, n_bytes
    first, last, n_blocks = start // of_block, -(-stop // of_block), -(-n_bytes // of_block)
    places_end = _HEADER.size + _PLACE.size * n_blocks
    if last - first >= n_blocks or places_end > len(data):
        return data, 0, n_bytes
    blocks, room = [], len(data) - places_end
    for number in range(first, last):
        blocks.append(_block(data, number))
        room -= len(blocks[-1])
        # Blocks that overlap would take any amount of memory.
        if not blocks[-1] or room < 0:
            return data, 0, n_bytes
    begin, end = first * of_block, min(last * of_block, n_bytes)
    at, places = _HEADER.size + _PLACE.size * len(blocks), []
    for block in blocks:
        places.append(_PLACE.pack(at))
        at += len(block)
    # The last block alone may be shorter than Blosc wants all blocks but the last to be.
    own = header._replace(n_bytes=end - begin, of_block=min(of_block, end - begin), n_packed=at)
    return b"".join((own.packed(), *places, *blocks)), begin, end


def scratch(name: str, n_bytes: int) -> NDArray[np.uint8]:
    """Return memory of this thread that lasts until it asks again: fresh pages cost as much as what fills them."""
    kept: NDArray[Any] | None = getattr(_scratch, name, None)
    if kept is None or len(kept) < n_bytes:
        kept = np.empty(n_bytes, np.uint8)
        setattr(_scratch, name, kept)
    return kept[:n_bytes]


def _block(data: bytes, number: int) -> bytes:
    """Return a packed block, which begins with its length, or nothing where it is not within `data`."""
    try:
        (at,) = _PLACE.unpack_from(data, _HEADER.size + _PLACE.size * number)
        (length,) = _PLACE.unpack_from(data, at)
    except struct.error:
        return b""
    block = data[at : at + _PLACE.size + length]
    return block if len(block) == _PLACE.size + length else b""
