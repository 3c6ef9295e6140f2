"""The table of what befell all rounds, and how soon they went on."""

from __future__ import annotations

from statistics import median

from tests.chaos.rounds import Tally


def table(tally: Tally, seconds: float) -> str:
    """Return the table as text: a line for each kind of trouble, and what is wrong at the end."""
    lines = [f"{'what':<11}{'how':<9}{'times':>6}{'went on after':>16}{'at most':>9}"]
    for trouble, number in sorted(tally.befell.items(), key=lambda found: (not found[0].is_kill, str(found[0]))):
        after = tally.went_on.get(trouble, [])
        typical, most = (f"{median(after):.1f} s", f"{max(after):.1f} s") if after else ("–", "–")
        lines.append(f"{trouble.what:<11}{trouble.how:<9}{number:>6}{typical:>16}{most:>9}")
    runs = ", ".join(f"{number} {how}" for how, number in tally.runs.most_common())
    lines += [
        f"{tally.kills} kills and {tally.befell.total() - tally.kills} other troubles in {tally.rounds} rounds, "
        f"{seconds / 60:.1f} min; clients: {runs}",
        "same bits each time, nothing left behind" if not tally.faults else "wrong:",
        *tally.faults,
    ]
    return "\n".join(lines)
