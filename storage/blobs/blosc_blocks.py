"""Some blocks of a Blosc container without the others: who asks for one image of a chunk does not unpack them all."""

from __future__ import annotations

import struct

_HEADER = struct.Struct("<4B3I")
"""Versions of the container and of its codec, flags, bytes of a value; then bytes unpacked, of a block, and packed."""
_PLACE = struct.Struct("<I")
_STORED, _WHOLE_BLOCKS = 0x02, 0x10
"""Flags: what was not packed at all, and what is packed a block at a time, not a byte of each value at a time."""


def blocks_around(data: bytes, start: int, stop: int) -> tuple[bytes, int, int]:
    """Return a container of the blocks around bytes `start` to `stop` of all that `data` unpacks to.

    It unpacks to the bytes between the two places that are returned with it. Where blocks cannot be told apart, and
    where they are not as they should be, it is `data`, of which Blosc says what is wrong.
    """
    *about, flags, of_value, n_bytes, of_block, _ = _HEADER.unpack_from(data)
    together = of_value == 1 or flags & _WHOLE_BLOCKS
    if flags & _STORED or not together or not of_block:
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
    header = _HEADER.pack(*about, flags, of_value, end - begin, min(of_block, end - begin), at)
    return b"".join((header, *places, *blocks)), begin, end


def _block(data: bytes, number: int) -> bytes:
    """Return a packed block, which begins with its length, or nothing where it is not within `data`."""
    try:
        (at,) = _PLACE.unpack_from(data, _HEADER.size + _PLACE.size * number)
        (length,) = _PLACE.unpack_from(data, at)
    except struct.error:
        return b""
    block = data[at : at + _PLACE.size + length]
    return block if len(block) == _PLACE.size + length else b""
