"""Arrays in NumPy's own format: read as no more than the numbers that a file really holds."""

from __future__ import annotations

import math
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray


def read_npy(file: IO[bytes], n_bytes: int) -> NDArray[Any]:
    """Return the array in a file of `n_bytes`; raises ValueError if it holds objects, or not what its header promises.

    Nothing is allocated before the header was compared with the size of the file.
    """
    try:
        first = np.lib.format.read_magic(file) == (1, 0)
        read_header = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
        shape, fortran_order, dtype = read_header(file)
    # The header is a Python literal: its reader raises whatever comes from parsing those.
    except (SyntaxError, TokenError, RecursionError, MemoryError, TypeError, OverflowError, EOFError) as error:
        raise ValueError(f"its header cannot be read ({type(error).__name__})") from error
    if dtype.hasobject:
        raise ValueError(f"it holds {dtype}, expected numbers")
    left = n_bytes - file.tell()
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != left:
        raise ValueError(f"its header promises {shape} {dtype}, but {left} bytes follow")
    values = np.frombuffer(file.read(left), dtype)
    return values.reshape(shape, order="F" if fortran_order else "C")
