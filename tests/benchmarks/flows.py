"""Pairs a second: how fast the flow between two photographs is found, against another library's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.registration import optical_flow_ilk

from fesdist.faces.generate import face
from fesdist.shape.flow import compared, estimate_flow
from tests.benchmarks.bench import Bench
from tests.benchmarks.limits import THREADS, Work
from tests.benchmarks.rows import Row, Spread, Target
from tests.benchmarks.timing import alternate, ratio

PAIRS_A_SECOND = 20


def flows(bench: Bench, *, side: int, n_pairs: int) -> Row:
    """Find the flows of drawn faces, from images in memory, on as many threads as the other subjects."""
    pairs = [(face(person, "neutral", side), face(person, "happy", side)) for person in range(n_pairs)]

    def gray(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return compared([image[None]], (side, side))[0]

    def find(pair: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
        estimate_flow(gray(pair[0]), gray(pair[1]))

    def peer_finds(pair: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
        before, after = gray(pair[0]), gray(pair[1])
        optical_flow_ilk(after, before)
        optical_flow_ilk(before, after)

    ours, peer = alternate(
        bench.turns,
        lambda: list(bench.threads.map(find, pairs)),
        lambda: list(bench.threads.map(peer_finds, pairs[:THREADS])),
    )
    seconds = Spread.of([each / n_pairs for each in ours])
    kind, least = Work(float32_flops=0.0, memory_bytes=2.0 * pairs[0][0].nbytes).bound(bench.limits)
    rate = 1 / seconds.median
    return Row(
        name=f"flow of a pair RGB {side}",
        what="there and back, with the reduction of both images; a pair on two threads; peer: optical_flow_ilk of "
        "scikit-image on the same reduced images; bound: the images read",
        seconds=seconds,
        rate=f"{rate:,.0f} pairs/s",
        bound=kind,
        of_bound=least / seconds.median,
        ratio=ratio([each / THREADS for each in peer], [each / n_pairs for each in ours]),
        target=Target(f"{PAIRS_A_SECOND} pairs/s", rate, PAIRS_A_SECOND),
    )
