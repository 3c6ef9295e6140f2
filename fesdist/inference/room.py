"""Memory that a caller keeps for outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.errors import BadParameterError


def check_room(out: NDArray[Any], inputs: NDArray[Any]) -> None:
    """Raise BadParameterError unless `out` takes outputs of `inputs`, both (sample, channel, row, col).

    It is C-contiguous writable float32, and other memory than the inputs', which are read while it is filled.
    """
    fits = out.shape == inputs.shape and out.dtype == np.float32
    if not (fits and out.flags.c_contiguous and out.flags.writeable) or np.may_share_memory(out, inputs):
        raise BadParameterError(
            f"out is {out.shape} {out.dtype}; expected {inputs.shape} float32, C-contiguous, writable, and not the "
            "memory of the inputs"
        )
