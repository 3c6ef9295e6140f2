"""What a report says of a single person, and that words of any length fit into it."""

from __future__ import annotations

import html
import re
import shlex
from importlib.resources import files
from pathlib import Path

from fesdist.cluster.settings import ClusterSettings
from fesdist.evaluation.evaluate import evaluate
from fesdist.report.build import write_report
from tests.fesdist.evaluation.small_store import make_stack, publish


def test_a_single_person_is_not_told_as_several(tmp_path: Path, store: str) -> None:
    stack = make_stack(tmp_path / "one.zarr", held_out=("p6",))
    reference = publish(store, stack)
    evaluate(stack, store, reference, cluster=ClusterSettings(workers=0))
    out = tmp_path / "one.html"
    write_report(store, reference, out)
    text = out.read_text(encoding="utf-8")
    for expected in (
        "<dt>held-out person evaluated</dt><dd>1</dd>",
        "One held-out person: the photograph, the target",
        "the mean over 1 held-out person.",
        "Means over 1 person of the holdout split.",
        "Nobody gets worse.",
    ):
        assert expected in text


def test_words_that_are_longer_than_a_line_are_broken() -> None:
    css = re.sub(r"/\*.*?\*/", "", (files("fesdist.report") / "report.css").read_text(encoding="utf-8"))
    broken = {
        selector.strip()
        for selectors, properties in re.findall(r"([^{}]+)\{([^{}]*)\}", css)
        if "overflow-wrap: anywhere" in properties
        for selector in selectors.split(",")
    }
    assert broken >= {"h1", "h2", "p", "nav a", "figcaption", ".facts dd"}, (
        "names of models, expressions, people, files"
    )


def test_a_command_can_be_copied_where_a_folder_has_a_space(tmp_path: Path) -> None:
    store = str(tmp_path / "my weights")
    reference = publish(store, make_stack(tmp_path / "small.zarr"))
    write_report(store, reference, tmp_path / "report.html")
    command = re.search(r"<code>(fesdist export .*?)</code>", (tmp_path / "report.html").read_text(encoding="utf-8"))
    assert command is not None
    assert shlex.split(html.unescape(command[1])) == ["fesdist", "export", store, reference, "small.html"]
