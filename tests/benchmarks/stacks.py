"""Large random stacks, written the way ingest writes them and as quickly as their place takes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage.stack.reading import StackSpec
from storage.stack.writer import PendingSubject, StackWriter


def target_names(n_expressions: int) -> tuple[str, ...]:
    """Return the expressions of a stack beside `neutral`."""
    return ("smiling", *(f"smiling{n}" for n in range(2, n_expressions + 1)))


def write_stack(
    path: Path | str, *, side: int, n_samples: int, channels: int = 3, n_expressions: int = 1, seed: int = 0
) -> int:
    """Write `n_samples` people in noise, `neutral` and `target_names`, and return the bytes of their pixels.

    Every image is one noise image moved by some rows: they differ, and no time goes into random numbers. Noise
    cannot be compressed, so as many bytes are read later.
    """
    random = np.random.default_rng(seed)
    noise = random.integers(0, 256, (channels, side, side), dtype=np.uint8)
    with StackWriter.create(path, StackSpec(side, side, channels, "uint8", "none")) as writer:
        for first in range(0, n_samples, writer.batch):
            samples = range(first, min(first + writer.batch, n_samples))
            writer.append([PendingSubject(f"{n:05d}", _images(noise, n, n_samples, n_expressions)) for n in samples])
        writer.assign_holdout(0.0)
    return (1 + n_expressions) * n_samples * noise.nbytes


def _images(noise: NDArray[np.uint8], n: int, n_samples: int, n_expressions: int) -> dict[str, NDArray[np.uint8]]:
    neutral = np.roll(noise, n * noise.shape[1] // n_samples, axis=1)
    return {"neutral": neutral, **{name: neutral // k for k, name in enumerate(target_names(n_expressions), 2)}}
