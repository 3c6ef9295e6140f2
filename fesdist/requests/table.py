"""`python -m fesdist.requests.table`: all options of all commands as the Markdown table of README."""

from __future__ import annotations

from fesdist.requests.build import options_of
from fesdist.requests.verbs import VERBS


def option_table() -> str:
    """Return a row for each option, with the commands that have it; equal options of several commands are one row."""
    defaults: dict[tuple[str, str], str] = {}
    verbs: dict[tuple[str, str], list[str]] = {}
    for verb, request in VERBS.items():
        for option in options_of(request).values():
            if not option.positional:
                # Beside the table it is said of which options `tune` takes several.
                value = option.shown_value.removesuffix("[,...]")
                row = f"--{option.word} {value}".strip(), option.help
                defaults[row] = defaults.get(row) or option.shown_default
                verbs.setdefault(row, []).append(f"`{verb}`")
    rows = [(f"`{said}`", ", ".join(verbs[said, help]), help, defaults[said, help]) for said, help in sorted(verbs)]
    lines = (("option", "of", "what it says", "default"), ("---",) * 4, *rows)
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


if __name__ == "__main__":
    print(option_table())
