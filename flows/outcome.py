"""The line that a stage leaves behind."""

from __future__ import annotations

from fesdist.cli.console import duration


def outcome_line(name: str, seconds: float, outcome: str) -> str:
    """Return name, seconds and outcome in columns."""
    return f"{name:<12}{duration(seconds):>8}  {outcome}"
