"""Distances from an output pixel's surroundings to input pixels, and tables of them, nearest first.

dist(p, j) is the sum, over the pixels m of a window around p, of the distance from j to the nearest pixel of m's
initial field. It depends on the offset of j from p alone, but near the border, where windows and fields are cut
off: pixels that are as far from the borders, or farther than anything reaches, share a table.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.memory import Allocation
from fesdist.simd.kernel import kernel

Array = NDArray[Any]

FAR_STEPS = 6
"""How far tables go beyond windows and fields, in pixels: farther pixels are rarely in question."""

INFINITE = 1e300
"""The bonus at distance 0: more than any score, and still a number to compare with."""


class Rule(NamedTuple):
    """What weight / dist(p, j) follows from, beside p and j."""

    image_shape: tuple[int, int]
    weight: float
    """beta, in the unit of the scores; with 0 there are no tables."""
    reach: int
    """b: the window is (2 b + 1) x (2 b + 1)."""
    field: Array
    """(pixel, 2) int64: initial field as offsets (drow, dcol)."""


class Locality(NamedTuple):
    """What is added to the score of input pixel j for output pixel p: weight / dist(p, j)."""

    rule: Rule
    row_class: Array
    """(image row) int64: which rows of tables its pixels use."""
    col_class: Array
    """(image column) int64."""
    offsets: Array
    """(row class, column class, entry, 2) int64: offsets (drow, dcol) of input pixels from p, largest bonus first."""
    bonus: Array
    """(row class, column class, entry) float64."""
    beyond: Array
    """(row class, column class) float64: the bonus of all other pixels is at most this."""


def no_rule(image_shape: tuple[int, int]) -> Rule:
    """Return the rule that adds nothing."""
    return Rule(image_shape, 0.0, 0, np.zeros((1, 2), np.int64))


def make_locality(rule: Rule) -> Locality:
    """Return the tables of a rule; with a weight of 0 they are empty."""
    offsets, bonus, beyond = (array.zeros() for array in tables_of(rule))
    if rule.weight == 0.0:
        row_class, col_class = (np.zeros(length, np.int64) for length in rule.image_shape)
        return Locality(rule, row_class, col_class, offsets, bonus, beyond)
    margin, side = _reaches(rule)
    steps = np.arange(-side, side + 1)
    square = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    (rows, row_class), (cols, col_class) = (_classes(length, margin) for length in rule.image_shape)
    _fill(rule, rows, cols, square, side + 1 - margin, bonus, beyond)
    # Stable, so that equal ones stay in the order of the image.
    order = np.argsort(-bonus, axis=-1, kind="stable")
    offsets[...] = square[order]
    return Locality(rule, row_class, col_class, offsets, np.take_along_axis(bonus, order, axis=-1), beyond)


def tables_of(rule: Rule) -> tuple[Allocation, ...]:
    """Return the last arrays of `Locality`: offsets, bonuses, and what these are at most beyond the tables."""
    classes, entries = (1, 1), 0
    if rule.weight > 0.0:
        margin, side = _reaches(rule)
        n_rows, n_cols = (len(_classes(length, margin)[0]) for length in rule.image_shape)
        classes, entries = (n_rows, n_cols), (2 * side + 1) ** 2
    return (
        Allocation("offsets by bonus", (*classes, entries, 2), "int64"),
        Allocation("bonuses", (*classes, entries), "float64"),
        Allocation("bounds of other bonuses", classes, "float64"),
    )


def _reaches(rule: Rule) -> tuple[int, int]:
    """Return how far windows and fields reach from a pixel, and how far tables do."""
    margin = rule.reach + int(np.abs(rule.field).max())
    return margin, margin + FAR_STEPS


def _classes(length: int, margin: int) -> tuple[Array, Array]:
    """Return a position for each class of positions, and the class of each position of a line of `length` pixels."""
    before = np.arange(length)
    distances = np.minimum(np.stack([before, before[::-1]], axis=1), margin)
    _, first, of_position = np.unique(distances, axis=0, return_index=True, return_inverse=True)
    return first, of_position.reshape(-1)


@kernel
def bonus_of(rule: Rule, row: int, col: int, drow: int, dcol: int) -> float:
    """Return weight / dist(p, j) of output pixel p = (row, col) and input pixel j = p + (drow, dcol)."""
    (rows, cols), reach, field = rule.image_shape, rule.reach, rule.field
    distance = 0.0
    for m_row in range(max(row - reach, 0), min(row + reach + 1, rows)):
        for m_col in range(max(col - reach, 0), min(col + reach + 1, cols)):
            nearest = np.int64(2) ** 62
            for k in range(len(field)):
                f_row, f_col = m_row + field[k, 0], m_col + field[k, 1]
                if 0 <= f_row < rows and 0 <= f_col < cols:
                    nearest = min(nearest, (row + drow - f_row) ** 2 + (col + dcol - f_col) ** 2)
            distance += np.sqrt(nearest)
    return rule.weight / distance if distance > 0.0 else INFINITE


@kernel
def _fill(rule: Rule, rows: Array, cols: Array, square: Array, far: int, bonus: Array, beyond: Array) -> None:
    (n_rows, n_cols), reach = rule.image_shape, rule.reach
    for i in range(len(rows)):
        for j in range(len(cols)):
            row, col = rows[i], cols[j]
            for k in range(len(square)):
                bonus[i, j, k] = bonus_of(rule, row, col, square[k, 0], square[k, 1])
            # No pixel of a field is nearer than `far` to one outside the table.
            seen_rows = min(row + reach + 1, n_rows) - max(row - reach, 0)
            seen_cols = min(col + reach + 1, n_cols) - max(col - reach, 0)
            beyond[i, j] = rule.weight / (seen_rows * seen_cols * far)
