"""A model is chosen by its name and the options it has; anything else is an error that says what there is."""

from __future__ import annotations

import inspect
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from fesdist.cli.main import main
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
from fesdist.registry.options import model_from_options, model_options, open_options, options_of
from fesdist.requests.learning import Train
from fesdist.requests.parser import read_words

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
    return read_words(Train, f"stack store --name name {words}".split()).training("store", "name").model


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


@pytest.mark.parametrize("command", ["train", "plan"])
def test_help_names_the_models_of_an_option_and_their_defaults(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit):
        main([command, "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    assert "--model NAME one of mr, pixel-rr, pixel-kr, omp, lsrf, lasso" in printed
    assert "bkrrr (default: mr)" in printed
    assert "--window R side of the receptive field, odd (default: mr 5)" in printed
    assert "auto for mr, pixel-rr, pixel-kr, 0.4 for omp, lsrf, ridge, 0.01 for krrr, bkrrr)" in printed
    assert "(default: 5 for omp, lsrf)" in printed
    assert "gaussian (or laplacian, polynomial, linear) for pixel-kr, gaussian (or linear) for krrr, bkrrr" in printed


@pytest.mark.parametrize("option", ["sigma", "degree", "offset"])
def test_a_default_that_is_told_is_the_one_that_counts(option: str) -> None:
    told = options_of("pixel-kr")[option].shown_default
    kernel = "polynomial" if option in ("degree", "offset") else "gaussian"
    assert getattr(model_from_options("pixel-kr", {"kernel": kernel}), option) == float(told)


def test_every_option_of_a_model_is_on_the_command_line_and_in_the_flow() -> None:
    from flows.train import train

    listed = set(model_options())
    assert {option for name in MODELS for option in options_of(name)} == listed
    flow_parameters = inspect.signature(train.fn).parameters
    assert listed <= set(flow_parameters)
    assert all(flow_parameters[option].default is None for option in listed)


def test_a_new_model_brings_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class Guess:
        ridge: float
        degree: int = 7
        name: ClassVar[str] = "guess"
        chosen_by_folds: ClassVar[tuple[str, ...]] = ()

    monkeypatch.setitem(MODELS, "guess", Guess)  # type: ignore[arg-type]
    assert {name: option.default for name, option in options_of("guess").items()} == {"ridge": MISSING, "degree": 7}
    assert _parsed("--model guess --ridge 3 --degree 2") == Guess(3.0, 2)
    with pytest.raises(BadParameterError, match="model 'guess' has no option window; its options: ridge, degree"):
        _parsed("--model guess --window 3")


@pytest.mark.parametrize(
    ("model", "said", "chosen"),
    [
        ("mr", {}, ("ridge", "pool", "mirror")),
        ("mr", {"ridge": "auto", "window": 3}, ("ridge", "pool", "mirror")),
        ("mr", {"pool": 1}, ("ridge", "mirror")),
        ("mr", {"ridge": 0.4}, ()),
        ("pixel-kr", {"ridge": 0.4, "mirror": "auto"}, ("mirror",)),
        ("omp", {}, ()),
    ],
)
def test_a_run_chooses_what_nobody_says_but_a_ridge_is_the_papers_fit(
    model: str, said: dict[str, object], chosen: tuple[str, ...]
) -> None:
    assert open_options(model, said) == chosen


def test_what_cannot_be_chosen_is_refused() -> None:
    with pytest.raises(BadParameterError, match="ridge auto for model 'omp', which cannot choose it by sums"):
        open_options("omp", {"ridge": "auto"})
    assert _parsed("--model mr --mirror yes --pool 2 --ridge 1").mirror is True
