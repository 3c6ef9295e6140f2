"""More instructions on registers of `lanes`: one number for all lanes, other types, and lanes brought together."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from fesdist.simd.lanes import (
    BY_ELEMENT,
    FLOAT32,
    FLOAT64,
    LANES,
    PAIRS,
    address_of,
    constant,
    dot_pairs,
    fused,
    halves_of,
    instruction,
)


@instruction
def spread(typing_context: Any, array: Any, index: Any) -> Any:
    """Return a register with `array[index]` in all lanes; uint32 (a pair of 16-bit numbers), float32 or float64."""
    lanes = BY_ELEMENT[array.dtype]

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        element, none = lanes.vector.element, ir.Constant(lanes.vector, ir.Undefined)
        line, at = arguments
        data = context.make_array(signature.args[0])(context, builder, line).data
        number = builder.load(builder.bitcast(builder.gep(data, [at]), element.as_pointer()))
        first = builder.insert_element(none, number, ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(first, none, constant(PAIRS.vector, 0))

    return lanes(array, types.intp), code


@instruction
def zeros_like(typing_context: Any, value: Any) -> Any:
    """Return a register of zeros."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return ir.Constant(value.vector, None)

    return value(value), code


@instruction
def clear(typing_context: Any, array: Any, index: Any) -> Any:
    """Set `LANES` numbers at `array[index:]` to 0; int64 or float64."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        register = ir.VectorType(ir.IntType(64), LANES)  # 0 has no bits set, whatever the number
        address = address_of(context, builder, signature.args[0], arguments, register)
        builder.store(ir.Constant(register, None), address, align=1)
        return context.get_dummy_value()

    return types.void(array, types.intp), code


@instruction
def to_float32(typing_context: Any, value: Any) -> Any:
    """Return a register of sums of pairs, which are 32-bit integers, as float32."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.sitofp(*arguments, FLOAT32.vector)

    return FLOAT32(PAIRS), code


@instruction
def spread_float32(typing_context: Any, number: Any) -> Any:
    """Return a register with one float32 in all lanes."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        none = ir.Constant(FLOAT32.vector, ir.Undefined)
        first = builder.insert_element(none, *arguments, ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(first, none, constant(PAIRS.vector, 0))

    return FLOAT32(types.float32), code


def _widening(array: Any, wide: Any) -> Any:
    """Return the code that loads a register of `wide` numbers from an array of them, or of uint8."""
    narrow = ir.VectorType(ir.IntType(8), LANES) if array.dtype == types.uint8 else wide.vector

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = builder.load(address_of(context, builder, signature.args[0], arguments, narrow), align=1)
        # By way of 32 bits, for which every CPU has a conversion.
        return value if narrow == wide.vector else builder.sitofp(builder.zext(value, PAIRS.vector), wide.vector)

    return code


@instruction
def load_pixels(typing_context: Any, array: Any, index: Any) -> Any:
    """Return the register of float32 at `array[index:]`; uint8 or float32."""
    return FLOAT32(array, types.intp), _widening(array, FLOAT32)


@instruction
def clipped(typing_context: Any, value: Any) -> Any:
    """Return the lanes of a float32 register clipped to 0..1; NaN stays."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (number,) = arguments
        for limit, inside in ((0.0, ">"), (1.0, "<")):
            bound = constant(FLOAT32.vector, limit)
            number = builder.select(builder.fcmp_unordered(inside, number, bound), number, bound)
        return number

    return FLOAT32(value), code


@instruction
def load_sample(typing_context: Any, array: Any, index: Any) -> Any:
    """Return the register of float64 at `array[index:]`; uint8 or float64."""
    return FLOAT64(array, types.intp), _widening(array, FLOAT64)


@instruction
def no_products(typing_context: Any, array: Any) -> Any:
    """Return a register of zeros for `add_products_of` samples: uint8 (32-bit integers) or float64."""
    lanes = PAIRS if array.dtype == types.uint8 else FLOAT64

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return ir.Constant(lanes.vector, None)

    return lanes(array), code


@instruction
def add_products_of(typing_context: Any, total: Any, left: Any, at: Any, right: Any, other: Any) -> Any:
    """Return total + left[at:] × right[other:]; for uint8 exact, of up to 33,000 products in a lane."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        before, *places = arguments
        element = ir.IntType(8) if total == PAIRS else ir.DoubleType()
        values = [
            builder.load(
                address_of(context, builder, kind, place, ir.VectorType(element, LANES)),
                align=1,
            )
            for kind, place in ((signature.args[1], places[:2]), (signature.args[3], places[2:]))
        ]
        if total != PAIRS:
            return fused(builder, before, *values)
        return builder.add(before, builder.mul(*(builder.zext(value, PAIRS.vector) for value in values)))

    return total(total, left, types.intp, right, types.intp), code


@instruction
def add_wide_products_of(typing_context: Any, total: Any, left: Any, at: Any, right: Any, other: Any) -> Any:
    """Do twice, for `2 × LANES` values, what `add_products_of` does; for uint8 by products of pairs."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        before, *places = arguments
        element = ir.IntType(8) if total == PAIRS else ir.DoubleType()
        wide = ir.VectorType(element, 2 * LANES)
        left_values, right_values = (
            builder.load(address_of(context, builder, kind, place, wide), align=1)
            for kind, place in ((signature.args[1], places[:2]), (signature.args[3], places[2:]))
        )
        if total == PAIRS:
            halves = ir.VectorType(ir.IntType(16), 2 * LANES)
            pairs = (
                builder.bitcast(builder.zext(values, halves), PAIRS.vector) for values in (left_values, right_values)
            )
            return dot_pairs(builder, before, *pairs)
        for half in range(2):
            order = ir.Constant(PAIRS.vector, list(range(half * LANES, (half + 1) * LANES)))
            parts = (builder.shuffle_vector(values, values, order) for values in (left_values, right_values))
            before = fused(builder, before, *parts)
        return before

    return total(total, left, types.intp, right, types.intp), code


@instruction
def sum_of_lanes(typing_context: Any, value: Any) -> Any:
    """Return the sum of a register's lanes as float64: halves are added until one number is left.

    Of float64, or of 32-bit integers that are not negative.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (numbers,) = arguments
        if value == PAIRS:
            numbers = builder.zext(numbers, ir.VectorType(ir.IntType(64), LANES))
        add = builder.add if value == PAIRS else builder.fadd
        while numbers.type.count > 1:
            numbers = add(*halves_of(builder, numbers))
        total = builder.extract_element(numbers, ir.Constant(ir.IntType(32), 0))
        return builder.sitofp(total, ir.DoubleType()) if value == PAIRS else total

    return types.float64(value), code


def _without_signs(builder: Any, numbers: Any) -> Any:
    """Return the bits of |numbers|; floats of one sign are ordered as their bits are."""
    return builder.and_(builder.bitcast(numbers, PAIRS.vector), constant(PAIRS.vector, 0x7FFFFFFF))


@instruction
def magnitude(typing_context: Any, value: Any) -> Any:
    """Return the |lanes| of a float32 register."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(_without_signs(builder, *arguments), FLOAT32.vector)

    return FLOAT32(value), code


@instruction
def largest_magnitude(typing_context: Any, left: Any, right: Any) -> Any:
    """Return the largest |lane| of two float32 registers of finite numbers."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def larger(one: Any, other: Any) -> Any:
            return builder.select(builder.icmp_unsigned(">", one, other), one, other)

        numbers = larger(*(_without_signs(builder, numbers) for numbers in arguments))
        while numbers.type.count > 1:
            numbers = larger(*halves_of(builder, numbers))
        return builder.bitcast(builder.extract_element(numbers, ir.Constant(ir.IntType(32), 0)), ir.FloatType())

    return types.float32(left, right), code
