"""Configurations: what tuning writes is what training does, options override it, and what is wrong is named."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from fesdist.ground.receptive_field import mask_offsets
from fesdist.registry import AnyModel, Lasso, MaskedRegression, OrthogonalMatchingPursuit
from fesdist.requests.build import request_from
from fesdist.requests.learning import Train
from fesdist.requests.toml import read_config, read_entrants, write_config
from fesdist.training.choice import Result, Score
from fesdist.training.job import TrainingRequest
from fesdist.tuning.tuning import Tuning

SCORES = {"happy": {"face": Score(0.5, 0.1), "mouth": Score(0.25, 0.05)}}
TUNING = Tuning(
    model="mr",
    colour="gray",
    input_expression="neutral",
    stack="stack.zarr",
    fingerprint="abc",
    n_people=10,
    n_folds=5,
    row_step=2,
    clipped=False,
    region="mouth",
    results=(Result({"window": 3, "ridge": 0.5}, SCORES), Result({"window": 5, "ridge": 0.5}, {}, "no room")),
    chosen=0,
)


def _request(config: Path | None, **said: object) -> TrainingRequest:
    place = {"stack": "stack", "store": "store", "name": "name"}
    return request_from(Train, {**place, "config": config and str(config), **said}).training("store", "name")


@pytest.mark.parametrize("ridge_map", [None, ((0.1, 1.0), (3.0, 0.5))])
def test_what_tuning_writes_is_trained(tmp_path: Path, ridge_map: tuple[tuple[float, ...], ...] | None) -> None:
    path = tmp_path / "tuned.toml"
    tuning = Tuning(**{**vars(TUNING), "ridge_map": ridge_map})
    write_config(path, tuning)
    request = _request(path)
    assert request.model == MaskedRegression.with_window(3, ridge=0.5 if ridge_map is None else ridge_map)
    assert (request.colour, request.expressions, request.input_expression) == (Colour.GRAY, ("happy",), "neutral")
    assert request.tuning is not None
    assert Tuning.from_json(request.tuning) == tuning
    assert [line for line in path.read_text().splitlines() if len(line) > 200] == []


def test_options_override_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "tuned.toml"
    write_config(path, TUNING)
    request = _request(path, window=7, ridge=None, colour="shared", expressions=["sad"])
    assert request.model == MaskedRegression.with_window(7, ridge=0.5)
    assert (request.colour, request.expressions) == (Colour.SHARED, ("sad",))
    assert request.tuning is None, "what was measured does not speak for another window"


def test_a_configuration_may_say_little(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text('[model]\nmodel = "omp"\nn_nonzero = 9\n')
    assert _request(path).model == OrthogonalMatchingPursuit(n_nonzero=9)
    path.write_text('[training]\ncolour = "gray"\n')
    assert _request(path).model == MaskedRegression.with_window(5)
    assert _request(None, model="omp").model == OrthogonalMatchingPursuit()


def test_a_mask_lies_beside_the_configuration(tmp_path: Path) -> None:
    np.save(tmp_path / "cross.npy", np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]]))
    (tmp_path / "small.toml").write_text('[model]\nmodel = "mr"\nmask = "cross.npy"\n')
    assert len(_request(tmp_path / "small.toml").model.parameters()["offsets"]) == 5


@pytest.mark.parametrize("out", ["tuned.toml", "masks/tuned.toml", "elsewhere/tuned.toml", "link/tuned.toml"])
def test_a_mask_that_was_tuned_is_found_from_wherever_the_configuration_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    for folder in ("masks", "elsewhere", "far/away"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far/away")
    np.save(tmp_path / "masks/cross.npy", np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]]))
    monkeypatch.chdir(tmp_path)
    for mask in ("masks/cross.npy", str(tmp_path / "masks/cross.npy")):
        results = tuple(Result({"mask": mask, "ridge": ridge}, SCORES) for ridge in (0.5, 1.0))
        write_config(Path(out), replace(TUNING, results=results))
        assert len(_request(Path(out)).model.parameters()["offsets"]) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[model", "small.toml is no TOML"),
        ("[models]", "small.toml has 'models'; expected model, training, tuning"),
        ("[model]\nridge = 1", r"\[model\] of .*small.toml names no model"),
        (
            '[model]\nmodel = "mr"\nlambda = 1',
            r"\[model\] of .*small.toml has 'lambda'; expected window, dilation",
        ),
        ('[model]\nmodel = "mr"\nridge = "much"', r"has ridge = 'much'; expected a number or a list of lists"),
        ('[model]\nmodel = "mr"\nridge = [[1.0], [-1.0]]', "ridge -1.0; expected a number above 0"),
        ('[model]\nmodel = "mrr"', "unknown model 'mrr'"),
        ("training = 3", r"\[training\] of .* is 3; expected a table"),
        ("[training]\ncolor = 3", r"\[training\] of .* has 'color'; expected colour, expressions, input"),
        ('[training]\ncolour = "blue"', "has colour = 'blue'; expected one of per-channel, shared, gray"),
        ("[training]\ninput = 3", "has input = 3; expected a text"),
        ('[training]\nexpressions = "sad"', "has expressions = 'sad'; expected a list of texts"),
        ('[tuning]\nmodel = "mr"', r"\[tuning\] of .* is not as `fesdist tune` writes it .* remove the table"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "small.toml").write_text(text)
    with pytest.raises(BadParameterError, match=message):
        _request(tmp_path / "small.toml")


def test_of_names_that_are_no_text_a_stack_is_told_and_a_mask_refused(tmp_path: Path) -> None:
    write_config(tmp_path / "tuned.toml", replace(TUNING, stack="f\udce4ces.zarr"))
    assert tomllib.loads((tmp_path / "tuned.toml").read_text())["tuning"]["stack"] == r"f\udce4ces.zarr"
    masked = replace(TUNING, results=(Result({"mask": "/m\udce4sk.npy", "ridge": 0.5}, SCORES),))
    with pytest.raises(BadParameterError, match=r"cannot name the mask '/m\\udce4sk.npy', as some .* rename it"):
        write_config(tmp_path / "masked.toml", masked)


def test_one_model_only(tmp_path: Path) -> None:
    write_config(tmp_path / "tuned.toml", TUNING)
    with pytest.raises(BadParameterError, match=r"model 'omp' was given, but .*tuned.toml is about model 'mr'"):
        _request(tmp_path / "tuned.toml", model="omp")
    assert _request(tmp_path / "tuned.toml", model="mr").model == MaskedRegression.with_window(3, ridge=0.5)


def test_a_file_that_is_not_there_and_one_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(BadParameterError, match=r"none.toml cannot be read .* expected a TOML file"):
        read_config(str(tmp_path / "none.toml"))
    (tmp_path / "file").touch()
    with pytest.raises(BadParameterError, match=r"cannot be written to .*tuned.toml .* expected a writable folder"):
        write_config(tmp_path / "file" / "tuned.toml", TUNING)


def test_a_mark_at_the_start_of_the_file_is_none_of_its_words(tmp_path: Path) -> None:
    write_config(tmp_path / "tuned.toml", TUNING)
    before = read_config(str(tmp_path / "tuned.toml"))
    text = (tmp_path / "tuned.toml").read_text(encoding="utf-8")
    (tmp_path / "tuned.toml").write_text(text, encoding="utf-8-sig")  # as some editors save UTF-8
    assert read_config(str(tmp_path / "tuned.toml")) == before


def test_the_file_is_toml_for_everybody(tmp_path: Path) -> None:
    write_config(tmp_path / "tuned.toml", TUNING)
    tables = tomllib.loads((tmp_path / "tuned.toml").read_text())
    assert tables["model"] == {"model": "mr", "window": 3, "ridge": 0.5}
    assert tables["training"] == {"colour": "gray", "input": "neutral", "expressions": ["happy"]}
    assert tables["tuning"]["results"][1] == {"options": {"window": 5, "ridge": 0.5}, "scores": {}, "failed": "no room"}


def _entrant(path: Path, text: str) -> AnyModel:
    path.write_text(f"[models.a]\n{text}\n")
    (entrant,) = read_entrants(str(path))
    return entrant.model


def test_an_entrant_has_the_options_of_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    mr = MaskedRegression.with_window(3, dilation=2, ridge=1.0)
    assert _entrant(path, 'model = "mr"\nwindow = 3\ndilation = 2\nridge = 1') == mr
    assert _entrant(path, 'model = "lasso"\nl1 = 0.2') == Lasso(0.2)
    (tmp_path / "row.txt").write_text("1 1 1\n")
    assert _entrant(path, 'model = "mr"\nmask = "row.txt"') == MaskedRegression(mask_offsets([[1, 1, 1]]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("window = 3", 'names no model; expected a table with model = "mr" and its options'),
        ('model = "mr"\nwidow = 3', "has 'widow'; expected window, dilation, mask,"),
        ('model = "mr"\nwindow = 3.0', "has window = 3.0; expected a whole number"),
        ('model = "mr"\nridge = true', "has ridge = True; expected a number"),
        ('model = "krrr"\nkernel = 1', "has kernel = 1; expected a text"),
        ('model = "pca"\nwindow = 3', "model 'pca' has no option window; its options: rank"),
        ('model = "mr"\nridge = -1', "ridge -1; expected a number above 0"),
        ('model = "gan"', "unknown model 'gan'"),
    ],
)
def test_what_is_no_entrant_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadParameterError) as raised:
        _entrant(tmp_path / "models.toml", text)
    assert str(raised.value).startswith(f"[models.a] of {tmp_path / 'models.toml'}")
    assert message in str(raised.value)
