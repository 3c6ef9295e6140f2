"""A numba type for SIMD registers: sixteen pixels side by side, one instruction for all of them.

A loop that LLVM vectorises by itself has a scalar remainder, whose rounding may differ, and keeps its sums in
memory between samples. Here the pixel is the lane, sums are variables, and every pixel goes through the same
instructions, so its bits depend on nothing but its own numbers. LLVM splits a register into narrower ones where
a CPU has no AVX-512; on every CPU the products below become the widest instruction there is (pairs of 16-bit
numbers: `vpdpwssd`, `vpmaddwd`; where there is `vpdpbusd`, also fours of bytes).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, codegen, types
from numba.extending import intrinsic, models, register_model

LANES = 16
"""Pixels in a register: 64 bytes of float32 or of pairs of 16-bit numbers; of float64 it is two registers in truth."""


def _features() -> frozenset[str]:
    """Return what numba compiles for, as `+avx2`: what the CPU has, unless the environment says otherwise."""
    config: Any = numba.config
    named = codegen.get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES  # type: ignore[no-untyped-call]
    return frozenset(named.split(","))


FEATURES = _features()

PART = 8 if "+avx512f" in FEATURES else 4
"""Lanes of float64 that the CPU has in one register: where many sums are kept, more would not all fit."""

OCTET_LANES = 16 if "+avx512vnni" in FEATURES else 8 if "+avxvnni" in FEATURES else 0
"""Lanes whose bytes, four each, are multiplied and added by one instruction, `vpdpbusd`; 0 where there is none."""


class Lanes(types.Type):
    """`LANES` numbers of one type, or a part of them."""

    def __init__(self, name: str, element: ir.Type, count: int = LANES) -> None:
        self.vector = ir.VectorType(element, count)
        super().__init__(f"Lanes({name})")


@register_model(Lanes)
class LanesModel(models.PrimitiveModel):
    """Tells numba that a `Lanes` is one LLVM vector, in memory as in registers."""

    def __init__(self, manager: Any, lanes: Lanes) -> None:
        super().__init__(manager, lanes, lanes.vector)  # type: ignore[no-untyped-call]


PAIRS = Lanes("int32", ir.IntType(32))
QUADS = Lanes("four bytes", ir.IntType(32))
FLOAT32 = Lanes("float32", ir.FloatType())
FLOAT64 = Lanes("float64", ir.DoubleType())
FLOAT64_PART = Lanes("part of float64", ir.DoubleType(), PART)

BY_ELEMENT = {types.uint32: PAIRS, types.int32: QUADS, types.float32: FLOAT32, types.float64: FLOAT64}


def instruction(rule: Callable[..., Any]) -> Any:
    """Return numba's intrinsic of a typing rule, which type checkers cannot see through."""
    return intrinsic(rule)


def address_of(context: Any, builder: Any, array_type: Any, array_and_index: Any, vector: ir.Type) -> Any:
    array, index = array_and_index
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())


def constant(vector: ir.VectorType, value: Any) -> ir.Constant:
    return ir.Constant(vector, [value] * vector.count)


@instruction
def load(typing_context: Any, array: Any, index: Any) -> Any:
    """Return the register at `array[index:]`; uint32 (a pair of 16-bit numbers), int32 (four bytes) or floating."""
    lanes = BY_ELEMENT[array.dtype]

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = address_of(context, builder, signature.args[0], arguments, lanes.vector)
        # Neighbouring windows start at any pixel, so no address is known to be aligned.
        return builder.load(address, align=1)

    return lanes(array, types.intp), code


@instruction
def load_part(typing_context: Any, array: Any, index: Any) -> Any:
    """Return the `PART` numbers at `array[index:]`, float64."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(address_of(context, builder, signature.args[0], arguments, FLOAT64_PART.vector), align=1)

    return FLOAT64_PART(array, types.intp), code


@instruction
def load_as_float64(typing_context: Any, array: Any, index: Any) -> Any:
    """Return the register of float64 at `array[index:]`; int64 or float64."""
    element = ir.IntType(64) if array.dtype == types.int64 else ir.DoubleType()

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = ir.VectorType(element, LANES)
        value = builder.load(address_of(context, builder, signature.args[0], arguments, vector), align=1)
        return _as_float64(builder, value) if array.dtype == types.int64 else value

    return FLOAT64(array, types.intp), code


def _as_float64(builder: Any, value: Any) -> Any:
    """Return int64 as float64, rounded once, on CPUs that have no instruction for it as well.

    There the halves of h 2³² + l become the floating-point numbers 2⁸⁴ + 2⁶³ + h 2³² and 2⁵² + l as bits, exactly.
    """
    integers, floats = value.type, ir.VectorType(ir.DoubleType(), value.type.count)
    if "+avx512dq" in FEATURES:
        return builder.sitofp(value, floats)
    high = builder.xor(builder.lshr(value, constant(integers, 32)), constant(integers, 0x4530000080000000))
    low = builder.or_(builder.and_(value, constant(integers, 0xFFFFFFFF)), constant(integers, 0x4330000000000000))
    high, low = (builder.bitcast(half, floats) for half in (high, low))
    return builder.fadd(builder.fsub(high, constant(floats, 2.0**84 + 2.0**63 + 2.0**52)), low)


@instruction
def store(typing_context: Any, array: Any, index: Any, value: Any) -> Any:
    """Set `array[index:]` to a register of the array's own type."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        *place, register = arguments
        address = address_of(context, builder, signature.args[0], place, register.type)
        builder.store(register, address, align=1)
        return context.get_dummy_value()

    return types.void(array, types.intp, value), code


@instruction
def open_sum(typing_context: Any, sums: Any, index: Any) -> Any:
    """Return a running sum for `sums[index:]`: 0 for int64 (kept in 32 bits), the sum so far for float64.

    Integers may be added in any order; floating-point sums go on from sample to sample, whatever the blocks are.
    """
    lanes = PAIRS if sums.dtype == types.int64 else FLOAT64

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if lanes is PAIRS:
            return constant(PAIRS.vector, 0)
        return builder.load(address_of(context, builder, signature.args[0], arguments, lanes.vector), align=1)

    return lanes(sums, types.intp), code


@instruction
def close_sum(typing_context: Any, sums: Any, index: Any, total: Any) -> Any:
    """Put a running sum back: add it to int64 sums, or replace float64 sums."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        *place, value = arguments
        if total == PAIRS:
            wide = ir.VectorType(ir.IntType(64), LANES)
            address = address_of(context, builder, signature.args[0], place, wide)
            value = builder.add(builder.load(address, align=1), builder.sext(value, wide))
        else:
            address = address_of(context, builder, signature.args[0], place, value.type)
        builder.store(value, address, align=1)
        return context.get_dummy_value()

    return types.void(sums, types.intp, total), code


@instruction
def ones_like(typing_context: Any, value: Any) -> Any:
    """Return a register of ones; for pairs both halves are one, for fours all bytes."""
    one = {PAIRS: 0x00010001, QUADS: 0x01010101}.get(value, 1.0)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return constant(value.vector, one)

    return value(value), code


def dot_pairs(builder: Any, total: Any, left: Any, right: Any) -> Any:
    halves = ir.VectorType(ir.IntType(16), 2 * LANES)
    wide = ir.VectorType(ir.IntType(32), 2 * LANES)
    left, right = (builder.sext(builder.bitcast(pairs, halves), wide) for pairs in (left, right))
    products = builder.mul(left, right)
    undefined = ir.Constant(wide, ir.Undefined)
    # LLVM knows this shape: both halves of every pair, multiplied and added in one instruction.
    low, high = (
        builder.shuffle_vector(products, undefined, ir.Constant(PAIRS.vector, list(range(half, 2 * LANES, 2))))
        for half in (0, 1)
    )
    return builder.add(total, builder.add(low, high))


def dot_quads(builder: Any, total: Any, left: Any, right: Any) -> Any:
    """Return total + Σ left × right of the four bytes of each lane, unsigned and signed; not saturated."""
    part = ir.VectorType(ir.IntType(32), OCTET_LANES)
    name = f"llvm.x86.avx512.vpdpbusd.{32 * OCTET_LANES}"
    add = cgutils.get_or_insert_function(builder.module, ir.FunctionType(part, [part] * 3), name)  # type: ignore[no-untyped-call]
    if part.count == LANES:
        return builder.call(add, [total, left, right])
    halves = zip(*(halves_of(builder, value) for value in (total, left, right)), strict=True)
    low, high = (builder.call(add, half) for half in halves)
    return builder.shuffle_vector(low, high, ir.Constant(PAIRS.vector, list(range(LANES))))


def halves_of(builder: Any, value: Any) -> tuple[Any, Any]:
    """Return the lanes of lower and of higher number."""
    undefined = ir.Constant(value.type, ir.Undefined)
    half = value.type.count // 2
    low, high = (
        builder.shuffle_vector(value, undefined, ir.Constant(ir.VectorType(ir.IntType(32), half), lanes))
        for lanes in (list(range(half)), list(range(half, 2 * half)))
    )
    return low, high


def fused(builder: Any, total: Any, left: Any, right: Any) -> Any:
    vector = total.type
    name = f"llvm.fma.v{vector.count}f{64 if vector.element == FLOAT64.vector.element else 32}"
    function_type = ir.FunctionType(vector, [vector, vector, vector])
    fused = cgutils.get_or_insert_function(builder.module, function_type, name)  # type: ignore[no-untyped-call]
    return builder.call(fused, [left, right, total])


@instruction
def multiply_add(typing_context: Any, total: Any, left: Any, right: Any) -> Any:
    """Return total + left × right, rounded once; for pairs, total + left₀ × right₀ + left₁ × right₁ in 32 bits.

    Of fours the bytes on the left are unsigned, those on the right signed; `total` is as for pairs.
    """
    add = {PAIRS: dot_pairs, QUADS: dot_quads}.get(left, fused)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return add(builder, *arguments)

    return total(total, left, right), code


@instruction
def multiply_subtract(typing_context: Any, total: Any, left: Any, right: Any) -> Any:
    """Return total - left × right, rounded once."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        minuend, left_value, right_value = arguments
        return fused(builder, minuend, builder.fneg(left_value), right_value)

    return total(total, left, right), code


@instruction
def subtract(typing_context: Any, left: Any, right: Any) -> Any:
    """Return left - right."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fsub(*arguments)

    return left(left, right), code


@instruction
def multiply(typing_context: Any, left: Any, right: Any) -> Any:
    """Return left × right."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fmul(*arguments)

    return left(left, right), code


@instruction
def positive_reciprocal(typing_context: Any, value: Any) -> Any:
    """Return 1 / value where value > 0, else 0 (also for NaN)."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (number,) = arguments
        nought, one = constant(number.type, 0.0), constant(number.type, 1.0)
        return builder.select(builder.fcmp_ordered(">", number, nought), builder.fdiv(one, number), nought)

    return value(value), code


@instruction
def scale(typing_context: Any, value: Any, factor: Any) -> Any:
    """Return value × factor, one float64 for all lanes."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        numbers, number = arguments
        undefined = ir.Constant(FLOAT64.vector, ir.Undefined)
        single = builder.insert_element(undefined, number, ir.Constant(ir.IntType(32), 0))
        return builder.fmul(numbers, builder.shuffle_vector(single, undefined, constant(PAIRS.vector, 0)))

    return value(value, types.float64), code
