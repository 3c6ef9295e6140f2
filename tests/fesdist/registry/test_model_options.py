"""A model is chosen by its name and the options it has; anything else is an error that says what there is."""

from __future__ import annotations

import argparse
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from fesdist.cli.main import main
from fesdist.cli.model_options import (
    DEFAULT_MODEL,
    HYPERPARAMETERS,
    add_model_options,
    choose_model,
    given_model,
    given_options,
)
from fesdist.ground.errors import BadParameterError
from fesdist.registry import (
    MODELS,
    AnyModel,
    LocalSparseReceptiveFields,
    MaskedRegression,
    OrthogonalMatchingPursuit,
    PixelKernelRidge,
    PixelRidge,
    model_from_parameters,
)
from fesdist.registry.options import model_from_options, options_of

CHOSEN: dict[str, AnyModel] = {
    "": MaskedRegression.with_window(5, ridge=0.4),
    "--window 3 --dilation 2 --ridge 1": MaskedRegression.with_window(3, dilation=2, ridge=1.0),
    "--model mr --window 7": MaskedRegression.with_window(7, ridge=0.4),
    "--model pixel-rr": PixelRidge(ridge=0.4),
    "--model pixel-rr --ridge 0.1": PixelRidge(ridge=0.1),
    "--model pixel-kr": PixelKernelRidge(),
    "--model pixel-kr --kernel laplacian --sigma 0.5": PixelKernelRidge("laplacian", sigma=0.5),
    "--model pixel-kr --kernel polynomial --degree 2 --offset 0.5": PixelKernelRidge(
        "polynomial", degree=2, offset=0.5
    ),
    "--model omp --n-nonzero 9 --ridge 2": OrthogonalMatchingPursuit(n_nonzero=9, ridge=2.0),
    "--model lsrf --n-nonzero 1 --locality 30": LocalSparseReceptiveFields(n_nonzero=1, locality=30.0),
}


def _parsed(words: str) -> AnyModel:
    parser = argparse.ArgumentParser()
    add_model_options(parser)
    arguments = parser.parse_args(words.split())
    return choose_model(given_model(arguments) or DEFAULT_MODEL, given_options(arguments))


@pytest.mark.parametrize("words", CHOSEN)
def test_words_choose_a_model(words: str) -> None:
    assert _parsed(words) == CHOSEN[words]


def test_every_listed_model_is_chosen_by_its_name_alone() -> None:
    for name in MODELS:
        model = _parsed(f"--model {name}")
        assert type(model) is MODELS[name]
        assert model_from_parameters(name, model.parameters()) == model


def test_a_mask_is_read_from_its_file(tmp_path: Path) -> None:
    mask = tmp_path / "mask.txt"
    mask.write_text("010\n111\n010\n")
    cross = MaskedRegression(((-1, 0), (0, -1), (0, 0), (0, 1), (1, 0)), 0.4)
    assert _parsed(f"--mask {mask}") == cross
    assert model_from_options("mr", {"mask": np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]])}) == cross
    with pytest.raises(BadParameterError, match="a mask is the whole receptive field; leave window and dilation out"):
        _parsed(f"--mask {mask} --window 3")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--model gan", "unknown model 'gan'; this version of fesdist knows mr, pixel-rr, pixel-kr, omp, lsrf, lasso"),
        ("--model pixel-rr --window 5", "model 'pixel-rr' has no option window; its options: ridge"),
        ("--model mr --sigma 1", "model 'mr' has no option sigma; its options: window, dilation, mask, ridge"),
        ("--model omp --locality 3", "model 'omp' has no option locality; its options: n_nonzero, ridge"),
        ("--window 4", "a receptive field of 4 x 4 pixels has no pixel at its centre"),
        ("--model pixel-rr --ridge 0", "ridge 0.0; expected a number above 0"),
        ("--model pixel-kr --kernel linear --sigma 1", "sigma 1.0: a linear kernel has no parameter"),
        ("--model lsrf --n-nonzero 0", "n_nonzero 0; expected"),
    ],
)
def test_what_a_model_does_not_have_or_allow_is_an_error(words: str, message: str) -> None:
    with pytest.raises(BadParameterError, match=message):
        _parsed(words)


def test_options_that_are_none_were_not_given() -> None:
    assert choose_model("mr", {"window": None, "ridge": None, "sigma": None}) == MaskedRegression.with_window(5)


@pytest.mark.parametrize("command", ["train", "plan"])
def test_help_names_the_models_of_an_option_and_their_defaults(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit):
        main([command, "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    assert "--model NAME one of mr (default), pixel-rr, pixel-kr, omp, lsrf, lasso" in printed
    assert "--window R side of the receptive field, odd [mr 5]" in printed
    assert "[mr 0.4, pixel-rr 0.4, pixel-kr 0.4, omp 0.4, lsrf 0.4, ridge 0.4" in printed
    assert "[omp 5, lsrf 5]" in printed
    assert "gaussian, laplacian, polynomial or linear [pixel-kr gaussian" in printed


def test_every_option_of_a_model_is_on_the_command_line_and_in_the_flow() -> None:
    from flows.train import train

    listed = {option.name for option in HYPERPARAMETERS}
    assert {option for name in MODELS for option in options_of(name)} == listed
    flow_parameters = inspect.signature(train.fn).parameters
    assert listed <= set(flow_parameters)
    assert all(flow_parameters[option].default is None for option in listed)
    assert flow_parameters["model"].default is None


def test_a_new_model_brings_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class Guess:
        ridge: float
        degree: int = 7
        name: ClassVar[str] = "guess"

    monkeypatch.setitem(MODELS, "guess", Guess)  # type: ignore[arg-type]
    assert options_of("guess") == {"ridge": None, "degree": 7}
    assert _parsed("--model guess --ridge 3 --degree 2") == Guess(3.0, 2)
    with pytest.raises(BadParameterError, match="model 'guess' has no option window; its options: ridge, degree"):
        _parsed("--model guess --window 3")
