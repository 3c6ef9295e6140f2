"""What a person sees of the program: how to install what is absent, and tables."""

from __future__ import annotations

import sys

import pytest

from tests.gans import __main__ as program
from tests.gans.tables import markdown_table


def test_without_the_extra_one_sentence_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gans"])
    monkeypatch.setattr(program, "find_spec", lambda name: None if name == "torch" else name)
    assert program.main() == 1
    said = capsys.readouterr().err
    assert said.startswith("absent: torch; install the optional extra with `pip install -e '.[gans]'`")
    assert said.count("\n") == 1


@pytest.mark.parametrize("given", [["--train", "1"], ["--stack", "stack"]])
def test_training_needs_a_time_and_a_stack(
    given: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gans", *given])
    with pytest.raises(SystemExit):
        program.main()
    assert "--train MINUTES and --stack STACK belong together: give both or neither" in capsys.readouterr().err


def test_tables_are_markdown_with_words_to_the_left_and_numbers_to_the_right() -> None:
    assert markdown_table(("name", "ms"), [("MR", "1.25"), ("Pix2Pix", "90")], n_words=1).splitlines() == [
        "| name    |   ms |",
        "| ------- | ---: |",
        "| MR      | 1.25 |",
        "| Pix2Pix |   90 |",
    ]
