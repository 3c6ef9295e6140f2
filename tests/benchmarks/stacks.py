"""Large random stacks, written the way ingest writes them and as quickly as their place takes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from storage.stack.reading import StackSpec
from storage.stack.writer import PendingSubject, StackWriter


def write_stack(path: Path | str, *, side: int, n_samples: int, channels: int = 3, seed: int = 0) -> int:
    """Write `n_samples` pairs of noise, `neutral` and `smiling`, and return the bytes of their pixels.

    Every image is one noise image moved by some rows: they differ, and no time goes into random numbers. Noise
    cannot be compressed, so as many bytes are read later.
    """
    random = np.random.default_rng(seed)
    noise = random.integers(0, 256, (channels, side, side), dtype=np.uint8)
    with StackWriter.create(path, StackSpec(side, side, channels, "uint8", "none")) as writer:
        for first in range(0, n_samples, writer.batch):
            samples = range(first, min(first + writer.batch, n_samples))
            writer.append([PendingSubject(f"{n:05d}", _pair(noise, n, n_samples)) for n in samples])
        writer.assign_holdout(0.0)
    return 2 * n_samples * noise.nbytes


def _pair(noise: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], n: int, n_samples: int) -> dict[str, np.ndarray]:
    rows = noise.shape[1]
    shift = n * rows // n_samples
    return {"neutral": np.roll(noise, shift, axis=1), "smiling": np.roll(noise, shift, axis=1) // 2}
