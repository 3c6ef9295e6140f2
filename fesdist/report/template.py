"""The templates of pages: one HTML file each, with its styles inside, in which every text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from fesdist.ground.counting import counted

REPORT_CSS = Path(__file__).parent / "report.css"


def template(file: Path, styles: Sequence[Path] = (REPORT_CSS,)) -> Template:
    """Return the template in a file, which finds others beside it, the contents of `styles` as `css`, and `counted`."""
    environment = Environment(
        loader=FileSystemLoader(file.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["counted"] = counted
    environment.globals["css"] = Markup("".join(style.read_text(encoding="utf-8") for style in styles))
    return environment.get_template(file.name)
