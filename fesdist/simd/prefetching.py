"""Instructions that ask for memory before it is needed; they change nothing, and an address may lie anywhere."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from fesdist.simd.lanes import LANES, address_of, instruction


def _ask_for(builder: Any, address: Any, to_write: bool = False) -> None:
    octet, number = ir.IntType(8), ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [octet.as_pointer(), number, number, number])
    fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")  # type: ignore[no-untyped-call]
    builder.call(fetch, [address, number(int(to_write)), number(3), number(1)])


@instruction
def prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of `array[index]`, which will be read."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _ask_for(builder, address_of(context, builder, signature.args[0], arguments, ir.IntType(8)))
        return context.get_dummy_value()

    return types.void(array, types.intp), code


@instruction
def prefetch_to_write(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of `array[index]`, which will be written."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _ask_for(builder, address_of(context, builder, signature.args[0], arguments, ir.IntType(8)), True)
        return context.get_dummy_value()

    return types.void(array, types.intp), code


@instruction
def prefetch_sums(typing_context: Any, sums: Any, index: Any) -> Any:
    """Ask for the register of sums that comes after that at `sums[index:]`."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        prefetch_sums_at(context, builder, sums, arguments)
        return context.get_dummy_value()

    return types.void(sums, types.intp), code


def prefetch_sums_at(context: Any, builder: Any, sums: Any, place: Any) -> None:
    """Emit what `prefetch_sums` does."""
    line, index = place
    for further in (LANES, LANES + LANES // 2):  # two lines of 64 bytes
        at = builder.add(index, index.type(further))
        _ask_for(builder, address_of(context, builder, sums, (line, at), ir.IntType(8)))
