"""Arrays that begin with a line of the cache, wherever the memory comes from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fesdist.simd import aligned


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(0,), (1,), (3, 5, 7), (1000, 1000)], ids=str)
def test_zeros_begin_with_a_line(shape: tuple[int, ...], dtype: Any) -> None:
    made = [aligned.zeros(shape, dtype) for _ in range(4)]  # of which some lie at other places
    for array in made:
        assert (array.shape, array.dtype) == (shape, dtype)
        assert array.ctypes.data % 64 == 0 or not array.size
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert not array.any()
