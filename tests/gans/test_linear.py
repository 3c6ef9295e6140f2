"""The sizes of our own entrants are those that the tables tell."""

from __future__ import annotations

from pathlib import Path

from fesdist.ground.refinement import Refinement
from tests.gans.linear import draw_stack, linear_size, publish


def test_sizes_count_what_is_in_memory_and_alpha_where_it_is_used(tmp_path: Path) -> None:
    draw_stack(tmp_path / "stack", 6, 16)
    versions, pixels = publish(tmp_path / "stack", tmp_path / "store"), 16 * 16
    plain, refined = (linear_size(versions["MR 5 x 5"], way) for way in (Refinement.NONE, Refinement.LEARNED))
    # 25 taps and a bias; the taps that lie outside the image at its border are 0.
    assert plain.float32_bytes == 4 * 26 * pixels
    assert 20 * pixels < plain.parameters < 26 * pixels
    assert refined.float32_bytes - plain.float32_bytes == 4 * pixels
    assert 0 < refined.parameters - plain.parameters <= pixels
    assert linear_size(versions["LSRF"], Refinement.NONE).float32_bytes == 4 * (5 + 5 + 1) * pixels
