"""Bonuses are those of the definition, tables hold the largest, and what is beyond them is bounded."""

from __future__ import annotations

from math import hypot

import numpy as np
import pytest

from fesdist.families.sparse.kernels.locality import INFINITE, Rule, bonus_of, make_locality, no_rule

FIELD = np.array([(0, 0), (-1, 1), (2, 0)])


def plain_bonus(rule: Rule, row: int, col: int, atom_row: int, atom_col: int) -> float:
    """Return weight / dist(p, j), pixel by pixel of the window."""
    rows, cols = rule.image_shape
    total = 0.0
    for m_row in range(row - rule.reach, row + rule.reach + 1):
        for m_col in range(col - rule.reach, col + rule.reach + 1):
            if 0 <= m_row < rows and 0 <= m_col < cols:
                field = [(m_row + drow, m_col + dcol) for drow, dcol in rule.field.tolist()]
                inside = [(r, c) for r, c in field if 0 <= r < rows and 0 <= c < cols]
                total += min(hypot(atom_row - r, atom_col - c) for r, c in inside)
    return rule.weight / total if total > 0 else INFINITE


@pytest.mark.parametrize(("image_shape", "reach"), [((1, 1), 0), ((3, 2), 1), ((9, 14), 0), ((14, 9), 1)])
def test_bonuses_and_tables(image_shape: tuple[int, int], reach: int) -> None:
    rule = Rule(image_shape, 2.5, reach, FIELD)
    locality = make_locality(rule)
    for row, col in np.ndindex(image_shape):
        i, j = locality.row_class[row], locality.col_class[col]
        assert (np.diff(locality.bonus[i, j]) <= 0).all()
        table = dict(zip(map(tuple, locality.offsets[i, j]), locality.bonus[i, j], strict=True))
        found, expected = [], []
        for atom_row, atom_col in np.ndindex(image_shape):
            offset = atom_row - row, atom_col - col
            found.append(bonus_of(rule, row, col, *offset))
            expected.append(plain_bonus(rule, row, col, atom_row, atom_col))
            assert table[offset] == found[-1] if offset in table else found[-1] <= locality.beyond[i, j]
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_equal_bonuses_stay_in_the_order_of_the_image() -> None:
    locality = make_locality(Rule((21, 21), 1.0, 0, np.zeros((1, 2), np.int64)))
    i, j = locality.row_class[10], locality.col_class[10]
    assert locality.offsets[i, j, :5].tolist() == [[0, 0], [-1, 0], [0, -1], [0, 1], [1, 0]]
    assert locality.bonus[i, j, 0] == INFINITE


def test_no_rule_adds_nothing() -> None:
    locality = make_locality(no_rule((4, 5)))
    assert locality.bonus.size == 0
    assert not locality.beyond.any()
    assert (len(locality.row_class), len(locality.col_class)) == (4, 5)
