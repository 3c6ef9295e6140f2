"""Bits are put back in order as numpy does it bit by bit."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.simd.unshuffling import unshuffle


def shuffled(octets: np.ndarray, of_block: int) -> np.ndarray:
    """Return planes of bits, block by block: the bits of all bytes, least significant first, transposed."""
    blocks = []
    for start in range(0, len(octets), of_block):
        bits = np.unpackbits(octets[start : start + of_block, None], axis=1, bitorder="little")
        blocks.append(np.packbits(bits.T, axis=1, bitorder="little").ravel())
    return np.concatenate(blocks)


@pytest.mark.parametrize(
    ("n_bytes", "of_block"), [(8, 8), (64, 64), (4096, 1024), (4104, 1024), (1000, 4096), (24, 16)]
)
def test_bytes_come_back(n_bytes: int, of_block: int) -> None:
    octets = np.random.default_rng(n_bytes).integers(0, 256, n_bytes, dtype=np.uint8)
    found = np.empty_like(octets)
    unshuffle(shuffled(octets, of_block), found, of_block)
    assert np.array_equal(found, octets)


@pytest.mark.parametrize("bit", range(8))
def test_each_bit_has_its_place(bit: int) -> None:
    octets = np.zeros(32, np.uint8)
    octets[21] = 1 << bit
    found = np.empty_like(octets)
    unshuffle(shuffled(octets, 32), found, 32)
    assert np.array_equal(found, octets)
