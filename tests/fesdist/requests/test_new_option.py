"""An option that is one line of a request is in its parser, its file, its flow and its table."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import ClassVar, Literal

import pytest

from fesdist.ground.errors import BadParameterError
from fesdist.ground.options import option
from fesdist.requests import table, toml
from fesdist.requests.build import request_from
from fesdist.requests.groups import Chosen
from fesdist.requests.learning import Train
from fesdist.requests.parser import parser_of, read_words
from fesdist.requests.signature import takes


@dataclass(frozen=True, kw_only=True)
class Smoothed(Train):
    """Train a model that is smoothed."""

    EXAMPLE: ClassVar = "fesdist smoothed"

    smoothing: float = option(0.5, "how smooth", metavar="S", in_file=True)
    edges: Literal["keep", "blur"] | None = option(None, "what becomes of edges", implied="keep")


WORDS = ("stack", "store", "--name", "name")
PLACE = {"stack": "stack", "store": "store", "name": "name"}


def test_the_parser_has_it() -> None:
    assert read_words(Smoothed, WORDS) == Smoothed(**PLACE)
    assert read_words(Smoothed, [*WORDS, "--smoothing", "2"]).smoothing == 2.0
    assert "--smoothing S" in parser_of(Smoothed).format_help()
    assert "how smooth (default: 0.5)" in parser_of(Smoothed).format_help()


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--smoothing", "much"], "'much'; expected a number"), (["--edges", "cut"], "invalid choice: 'cut'")],
)
def test_the_parser_refuses_what_it_is_not(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        read_words(Smoothed, [*WORDS, *words])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_a_flow_has_it() -> None:
    @takes(Smoothed)
    def smoothed(request: Smoothed, alias: str | None = None) -> tuple[Smoothed, str | None]:
        """Smooth."""
        return request, alias

    parameters = inspect.signature(smoothed).parameters
    assert list(parameters)[:3] == ["stack", "store", "name"]
    assert (parameters["smoothing"].default, parameters["smoothing"].annotation) == (0.5, float)
    assert parameters["edges"].annotation == Literal["keep", "blur"] | None
    assert parameters["alias"].default is None
    assert "json" not in parameters
    assert "    smoothing: how smooth (default: 0.5)\n" in (smoothed.__doc__ or "")
    assert smoothed("stack", "store", "name", smoothing=2, alias="new") == (Smoothed(**PLACE, smoothing=2.0), "new")
    with pytest.raises(TypeError, match="unexpected keyword argument 'smoothness'"):
        smoothed("stack", "store", "name", smoothness=2)


def test_a_file_has_it(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(toml, "Chosen", Smoothed)
    path = tmp_path / "config.toml"
    path.write_text("[training]\nsmoothing = 2.0\n")
    assert toml.read_config(str(path)) == ({"smoothing": 2.0}, {}, None)
    path.write_text('[training]\nsmoothing = "much"\n')
    with pytest.raises(BadParameterError, match=r"\[training\] of .* has smoothing = 'much'; expected a number"):
        toml.read_config(str(path))


def test_the_table_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "VERBS", {"smoothed": Smoothed})
    assert "| `--smoothing S` | `smoothed` | how smooth | 0.5 |" in table.option_table().splitlines()
    assert "| `--edges keep\\|blur` | `smoothed` | what becomes of edges | keep |" in table.option_table().splitlines()


def test_names_that_are_unknown_or_lacking_are_told() -> None:
    with pytest.raises(BadParameterError, match="smoothed has no option 'smoothness'; its options: stack, store,"):
        request_from(Smoothed, {**PLACE, "smoothness": 1})
    with pytest.raises(BadParameterError, match="smoothed was not given stack, name"):
        request_from(Smoothed, {"store": "store"})
    with pytest.raises(BadParameterError, match=r"smoothed: workers = 1\.5; expected a whole number"):
        request_from(Smoothed, {**PLACE, "workers": 1.5})
    assert issubclass(Smoothed, Chosen)
