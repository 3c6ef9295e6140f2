"""Bits of bytes put back in order: eight bytes at a time where Blosc takes one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.simd.kernel import inlined, kernel

Array = NDArray[Any]


def unshuffle(planes: NDArray[np.uint8], octets: NDArray[np.uint8], of_block: int) -> None:
    """Set `octets` to the bytes whose bits `planes` has, block by block: both (byte,), in blocks of `of_block` bytes.

    In a block of n bytes, bit i of byte k of the n / 8 bytes of plane b is bit b of byte 8 k + i. Numbers of bytes are
    multiples of 8.
    """
    _unshuffle(planes, octets.view(np.uint64), of_block // 8)


@kernel
def _unshuffle(planes: Array, eights: Array, of_block: int) -> None:
    """Do so for `eights`, (eight bytes,) uint64, of which a block has `of_block`."""
    for start in range(0, len(eights), of_block):
        n = min(of_block, len(eights) - start)
        block, of_bytes = planes[8 * start : 8 * (start + n)], eights[start : start + n]
        a, b, c, d = block[:n], block[n : 2 * n], block[2 * n : 3 * n], block[3 * n : 4 * n]
        e, f, g, h = block[4 * n : 5 * n], block[5 * n : 6 * n], block[6 * n : 7 * n], block[7 * n :]
        for k in range(n):
            low = np.uint64(a[k]) | np.uint64(b[k]) << 8 | np.uint64(c[k]) << 16 | np.uint64(d[k]) << 24
            high = np.uint64(e[k]) | np.uint64(f[k]) << 8 | np.uint64(g[k]) << 16 | np.uint64(h[k]) << 24
            of_bytes[k] = _transposed(low | high << 32)


@inlined
def _transposed(bits: Any) -> Any:
    """Return bit 8 i + b of a square of 8 x 8 bits at 8 b + i: squares within it swap corners, from small to large."""
    bits = _swapped(bits, 7, 0x00AA00AA00AA00AA)
    bits = _swapped(bits, 14, 0x0000CCCC0000CCCC)
    return _swapped(bits, 28, 0x00000000F0F0F0F0)


@inlined
def _swapped(bits: Any, by: int, corners: int) -> Any:
    """Return the bits, those in `corners` exchanged with those that are `by` places higher."""
    differing = (bits ^ (bits >> np.uint64(by))) & np.uint64(corners)
    return bits ^ differing ^ (differing << np.uint64(by))
