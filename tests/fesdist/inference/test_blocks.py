"""All images are in a block, in order, and no block is more than the share of a thread."""

from __future__ import annotations

from itertools import chain

import pytest

from fesdist.inference.blocks import blocks_of


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("shape", [(0, 3, 8, 8), (1, 3, 8, 8), (7, 3, 8, 8), (100, 3, 128, 128), (3, 3, 2048, 2048)])
def test_every_image_is_in_one_block(shape: tuple[int, ...], threads: int, once: bool) -> None:
    blocks = blocks_of(shape, threads, once=once)
    places = range(shape[0])
    assert list(chain.from_iterable(places[block] for block in blocks)) == list(places)
    assert all(0 < len(places[block]) <= -(-shape[0] // threads) for block in blocks)


def test_blocks_that_are_gone_through_again_are_smaller() -> None:
    shape = 100, 3, 128, 128
    assert len(blocks_of(shape, 1, once=False)) == 7
    assert len(blocks_of(shape, 1, once=True)) == 2
