"""Stores past the caches, for outputs by far larger than these.

A store to a line that is in no cache reads the line first, and writes it to memory later. Where all of a line is
written, a store past the caches takes half of the memory's time.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numpy.typing import NDArray

from fesdist.simd.aligned import LINE_BYTES
from fesdist.simd.lanes import FLOAT32, LANES, address_of, instruction

_STREAMED_BYTES = 4 << 20
"""From how much on outputs are more than a thread's share of the caches."""


@instruction
def stream(typing_context: Any, array: Any, index: Any, value: Any) -> Any:
    """Set `array[index:]` to a register of float32, past the caches; it begins at a multiple of a register's bytes."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        *place, register = arguments
        address = address_of(context, builder, signature.args[0], place, register.type)
        stored = builder.store(register, address, align=4 * FLOAT32.vector.count)
        stored.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)]))
        return context.get_dummy_value()

    return types.void(array, types.intp, value), code


@instruction
def settle(typing_context: Any) -> Any:
    """Let whoever is told that all is stored see what was streamed."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), code


def is_streamed(outputs: NDArray[Any]) -> bool:
    """Whether outputs, (..., row, col) float32, are worth it, and all rows are whole lines of the cache.

    Lines that are written in parts would be read first all the same, each by itself: that takes longer.
    """
    whole = not any(place % LINE_BYTES for place in (outputs.ctypes.data, *outputs.strides[:-1]))
    return whole and outputs.shape[-1] % LANES == 0 and outputs.nbytes >= _STREAMED_BYTES
