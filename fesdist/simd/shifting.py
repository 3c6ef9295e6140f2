"""Windows side by side in registers: what an input row adds to several output rows, without a load for each shift.

A load of 64 bytes that begins anywhere crosses a cache line and takes as long as two. Where one instruction shifts two
registers by some lanes, two loads that cross none serve all columns of a window.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from fesdist.simd.lanes import FEATURES, FLOAT32, LANES, PAIRS, address_of, fused, instruction

SHIFTS = "+avx512f" in FEATURES
"""Whether the CPU shifts lanes of two whole registers by one instruction, and has registers enough for many sums."""


@instruction
def add_shifts(typing_context: Any, totals: Any, weights: Any, at: Any, low: Any, high: Any, columns: Any) -> Any:
    """Return totals[r][p] + Σ_i w[i, r] × (low[p], high[p] from lane i on), i in order, each product fused.

    `totals` is a tuple of tuples of float32 registers, (row, plane); `low` and `high` are tuples, (plane). w[i, r] is
    the register at weights[at + (i × rows + r) × LANES:], float32. i runs over as many lanes as the tuple `columns` has
    elements, whatever these are: `LANES` + 1 at most.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums, line, start, *pair, _ = arguments
        n_rows, n_planes = totals.count, totals.dtype.count
        lows, highs = ([builder.extract_value(register, p) for p in range(n_planes)] for register in pair)
        found = [[builder.extract_value(sums, (r, p)) for p in range(n_planes)] for r in range(n_rows)]
        lows, highs = ([builder.bitcast(number, PAIRS.vector) for number in half] for half in (lows, highs))
        for i in range(columns.count):
            order = ir.Constant(PAIRS.vector, list(range(i, i + LANES)))
            seen = [builder.shuffle_vector(lows[p], highs[p], order) for p in range(n_planes)]
            seen = [builder.bitcast(number, FLOAT32.vector) for number in _in_turn(builder, seen)]
            for r in range(n_rows):
                place = line, builder.add(start, start.type((i * n_rows + r) * LANES))
                address = address_of(context, builder, weights, place, FLOAT32.vector)
                weight = builder.load(address, align=4)
                found[r] = [fused(builder, found[r][p], weight, seen[p]) for p in range(n_planes)]
        for r in range(n_rows):
            for p, total in enumerate(_in_turn(builder, found[r])):
                sums = builder.insert_value(sums, total, (r, p))
        return sums

    return totals(totals, weights, at, low, high, columns), code


def _in_turn(builder: Any, registers: list[Any]) -> list[Any]:
    """Return the same registers, of which LLVM believes that they are made here.

    It would else load all weights and shift all columns first, which more registers than there are would have to keep.
    """
    if not SHIFTS:
        return registers
    made = ir.LiteralStructType([register.type for register in registers])
    places = ",".join(["=v"] * len(registers) + [str(place) for place in range(len(registers))] + ["~{memory}"])
    kind = ir.FunctionType(made, [register.type for register in registers])
    found = builder.asm(kind, "", places, registers, True)
    return [builder.extract_value(found, place) for place in range(len(registers))]
