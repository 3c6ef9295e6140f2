"""8-bit samples of several images in a lane: two as 16-bit numbers, or four as bytes where the CPU multiplies these.

`vpdpbusd` multiplies unsigned bytes by signed ones. So fours are kept signed, as x - 128, and the left factor u is made
unsigned again in its register: Σ u y = Σ u (y - 128) + 128 Σ u, exactly. The second sum is the `bias` below; pairs, and
floating-point numbers, have none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from fesdist.simd.lanes import (
    LANES,
    OCTET_LANES,
    PAIRS,
    QUADS,
    address_of,
    constant,
    dot_quads,
    instruction,
)
from fesdist.simd.prefetching import prefetch_sums_at

PACKED: type[np.generic] = np.int32 if OCTET_LANES else np.uint32
"""Element of packed samples on this CPU: int32 is a four of bytes, uint32 a pair. Kernels take either."""

SAMPLES_IN: dict[np.dtype[Any], int] = {np.dtype(np.uint32): 2, np.dtype(np.int32): 4}
"""Samples that an element has."""

BLACK: dict[np.dtype[Any], int] = {
    np.dtype(np.uint32): 0,
    np.dtype(np.int32): int(np.uint32(0x80808080).view(np.int32)),
}
"""An element whose samples are all 0."""

RUNS = OCTET_LANES == LANES
"""Whether fours are shifted in registers: one instruction does, and there are registers enough for many sums."""

_SIGNS = 0x80808080
"""Turns unsigned bytes into signed ones that are 128 less, and back."""


def _rows(builder: Any, context: Any, kinds: Any, arrays: Any, start: Any) -> list[Any]:
    """Return a register's pixels of some rows of bytes."""
    octets = ir.VectorType(ir.IntType(8), LANES)
    places = [
        address_of(context, builder, kind, (array, start), octets) for kind, array in zip(kinds, arrays, strict=True)
    ]
    return [builder.load(place, align=1) for place in places]


@instruction
def pair_rows(typing_context: Any, low: Any, high: Any, index: Any) -> Any:
    """Return `low[index:]` in the low and `high[index:]` in the high halves of a register; uint8, elements adjacent."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        *arrays, start = arguments
        rows = _rows(builder, context, signature.args[:2], arrays, start)
        low, high = (builder.zext(row, PAIRS.vector) for row in rows)
        return builder.or_(low, builder.shl(high, constant(PAIRS.vector, 16)))

    return PAIRS(low, high, types.intp), code


def _joined(builder: Any, pair: Any, order: list[int]) -> Any:
    return builder.shuffle_vector(*pair, ir.Constant(ir.VectorType(ir.IntType(32), len(order)), order))


@instruction
def quad_rows(typing_context: Any, a: Any, b: Any, c: Any, d: Any, index: Any, known: Any) -> Any:
    """Return `a[index:]` to `d[index:]` as the bytes of a register, from low to high, each less 128; as `pair_rows`.

    Bytes that are 0 in `known` (uint32) are 0 of any row.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        *arrays, start, mask = arguments
        rows = _rows(builder, context, signature.args[:4], arrays, start)
        halves = (_joined(builder, pair, list(range(2 * LANES))) for pair in (rows[:2], rows[2:]))
        # One permutation of 64 bytes, where there is such an instruction.
        order = [row * LANES + lane for lane in range(LANES) for row in range(4)]
        quads = builder.bitcast(_joined(builder, tuple(halves), order), PAIRS.vector)
        masks = builder.insert_element(ir.Constant(PAIRS.vector, ir.Undefined), mask, ir.Constant(ir.IntType(32), 0))
        masks = builder.shuffle_vector(masks, masks, constant(PAIRS.vector, 0))
        return builder.xor(builder.and_(quads, masks), constant(PAIRS.vector, _SIGNS))

    return QUADS(a, b, c, d, types.intp, types.uint32), code


@instruction
def as_left(typing_context: Any, value: Any) -> Any:
    """Return a packed register as the left factor of `multiply_add`: fours become unsigned, others stay."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (number,) = arguments
        return builder.xor(number, constant(PAIRS.vector, _SIGNS)) if value == QUADS else number

    return value(value), code


@instruction
def no_bias(typing_context: Any) -> Any:
    """Return the bias of no samples."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return constant(PAIRS.vector, 0)

    return PAIRS(), code


@instruction
def add_bias(typing_context: Any, bias: Any, left: Any) -> Any:
    """Return bias + Σ of the bytes of each lane of a left factor; for other than fours, the bias as it was."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        total, number = arguments
        return dot_quads(builder, total, number, constant(PAIRS.vector, 0x01010101)) if left == QUADS else total

    return bias(bias, left), code


@instruction
def unbiased(typing_context: Any, total: Any, bias: Any) -> Any:
    """Return the running sum of products without what was taken from their right factors; of float64, as it is."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number, missing = arguments
        return number if total != PAIRS else builder.add(number, builder.shl(missing, constant(PAIRS.vector, 7)))

    return total(total, bias), code


def _open_run(typing_context: Any, n: Any) -> Any:
    """Return `n` running sums, a number in the source, 0 in all lanes."""
    run: Any = types.UniTuple(PAIRS, n.literal_value)  # type: ignore[no-untyped-call]

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return ir.Constant(context.get_value_type(run), None)

    return run(n), code


open_run: Any = intrinsic(prefer_literal=True)(_open_run)


@instruction
def prefetch_run(typing_context: Any, sums: Any, index: Any, step: Any, run: Any) -> Any:
    """Ask for the sums of the register after that at `sums[index:]`, which come next, and of each other of the run."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        line, at, further, _ = arguments
        for _ in range(run.count):
            prefetch_sums_at(context, builder, sums, (line, at))
            at = builder.add(at, further)
        return context.get_dummy_value()

    return types.void(sums, types.intp, types.intp, run), code


@instruction
def add_run(typing_context: Any, run: Any, left: Any, low: Any, high: Any) -> Any:
    """Return run[i] + Σ left × right of the bytes of each lane, right being `low` and `high` from lane i on."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        totals, number, *pair = arguments
        for i in range(run.count):
            right = _joined(builder, pair, list(range(i, i + LANES)))
            total = dot_quads(builder, builder.extract_value(totals, i), number, right)
            totals = builder.insert_value(totals, total, i)
        return totals

    return run(run, left, low, high), code


@instruction
def close_run(typing_context: Any, sums: Any, index: Any, step: Any, count: Any, run: Any, bias: Any) -> Any:
    """Add the first `count` totals of a run, unbiased, to int64 `sums[index:]`, `sums[index + step:]` and so on."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        line, at, further, wanted, totals, missing = arguments
        wide = ir.VectorType(ir.IntType(64), LANES)
        missing = builder.shl(missing, constant(PAIRS.vector, 7))
        for i in range(run.count):
            with builder.if_then(builder.icmp_signed("<", wanted.type(i), wanted)):
                address = address_of(context, builder, sums, (line, at), wide)
                total = builder.sext(builder.add(builder.extract_value(totals, i), missing), wide)
                builder.store(builder.add(builder.load(address, align=1), total), address, align=1)
            at = builder.add(at, further)
        return context.get_dummy_value()

    return types.void(sums, types.intp, types.intp, types.intp, run, bias), code
