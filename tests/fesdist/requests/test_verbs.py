"""Every verb says the same wherever it is said: on the command line, to a flow, in README."""

from __future__ import annotations

import dataclasses
import inspect
import re
import shlex
from collections.abc import Callable
from importlib import import_module
from typing import Any, get_args

import pytest

from fesdist.cluster.settings import DEFAULT_MEMORY
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from fesdist.images.decode import MEGAPIXEL, PIXEL_LIMIT
from fesdist.requests.build import options_of, request_from, summary_of
from fesdist.requests.groups import ColourName
from fesdist.requests.learning import Train, Tune
from fesdist.requests.parser import parser_of, read_words
from fesdist.requests.signature import takes
from fesdist.requests.stacks import Ingest
from fesdist.requests.table import option_table
from fesdist.requests.units import byte_size
from fesdist.requests.using import Synthesize
from fesdist.requests.verbs import VERBS
from fesdist.training.job import SHAPED_FROM, Shape
from tests.conftest import REPOSITORY

each_verb = pytest.mark.parametrize("request_type", VERBS.values(), ids=VERBS)


def _required(request_type: type[Any]) -> dict[str, Any]:
    """Return the least that a request must be given."""
    return {
        name: 3 if option.type is int else (*option.choices, name)[0]
        for name, option in options_of(request_type).items()
        if option.required
    }


def _words(request_type: type[Any]) -> list[str]:
    options = options_of(request_type)
    words: list[str] = []
    for name, value in _required(request_type).items():
        words += [str(value)] if options[name].positional else [f"--{options[name].word}", str(value)]
    return words


@each_verb
def test_defaults_are_equal_in_parser_dataclass_and_flow(request_type: type[Any]) -> None:
    plain = request_type(**_required(request_type))
    assert read_words(request_type, _words(request_type)) == plain
    assert request_from(request_type, _required(request_type)) == plain

    def asked(request: Any) -> Any:
        return request

    said: Callable[..., Any] = takes(request_type)(asked)
    assert said(**_required(request_type)) == plain
    parameters = inspect.signature(said).parameters
    for name, option in options_of(request_type).items():
        if option.command_only:
            assert name not in parameters
        elif not option.required:
            assert parameters[name].default == option.default
            assert option.default == getattr(plain, name, None)


@each_verb
def test_every_option_is_explained(request_type: type[Any]) -> None:
    assert re.fullmatch(r"[A-Z].*\.", summary_of(request_type))
    for option in options_of(request_type).values():
        assert option.help
        assert option.metavar or option.choices or option.type is bool
    assert request_type.EXAMPLE in parser_of(request_type).format_help().replace("\n  ", "\n")
    assert dataclasses.is_dataclass(request_type)


MAY_BE_URIS = {"STACK", "STORE", "STORE|STACK", "OTHERSTORE", "URI"}
ARE_NO_PLACES = {
    "NAME",
    "NAME[@V]",
    "NAME|PERSON",
    "PERSON",
    "EXPRESSION",
    "ALIAS",
    "TEXT",
    "REGEX",
    "PATTERN",
    "WHICH",
}


@each_verb
def test_a_uri_is_taken_for_stacks_and_stores_alone(request_type: type[Any]) -> None:
    for option in options_of(request_type).values():
        if option.on_disk:
            with pytest.raises(
                BadParameterError, match=f"{option.name} = 's3://faces/out' is a URI; expected a file or"
            ):
                option.check("s3://faces/out")
        elif option.type in (str, str | None) and option.reader is None:
            assert option.metavar in MAY_BE_URIS | ARE_NO_PLACES, "on_disk=True is missing, or a word above"


def test_a_uri_is_refused_wherever_a_file_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    for verb, words in (
        ("faces", "s3://faces/pairs"),
        ("ingest", "gs://faces/pairs x.zarr"),
        ("synthesize", "photographs file:///out --weights s3://faces/weights --model london"),
        ("train", "s3://stack s3://weights --name london --mask az://faces/mask.npy"),
        ("tune", "s3://stack --mask own.npy,s3://faces/mask.npy"),
        ("import", "red.npz,green.npz,https://example.org/blue.npz weights --name authors"),
    ):
        with pytest.raises(SystemExit) as stopped:
            read_words(VERBS[verb], words.split())
        assert stopped.value.code == 2
        assert "is a URI; expected a file or folder on a disk" in capsys.readouterr().err
    with pytest.raises(BadParameterError, match=r"synthesize: points = 's3://faces/points.csv' is a URI"):
        request_from(Synthesize, {**_required(Synthesize), "points": "s3://faces/points.csv"})
    with pytest.raises(BadParameterError, match=r"tune: mask = 's3://faces/mask.npy' is a URI"):
        request_from(Tune, {"stack": "s3://stack", "mask": ["own.npy", "s3://faces/mask.npy"]})


@each_verb
def test_its_examples_are_requests_and_its_command_runs_them(request_type: type[Any]) -> None:
    for line in request_type.EXAMPLE.splitlines():
        program, verb, *words = shlex.split(line)
        assert program == "fesdist"
        assert isinstance(read_words(VERBS[verb], words), VERBS[verb])
    verb = request_type.__name__.lower()
    assert list(inspect.signature(import_module(f"fesdist.cli.{verb}").run).parameters) == ["request"]


@pytest.mark.parametrize("page", ["README.md", "deploy/README.md", "docs/operations.md", "docs/comparison.md"])
def test_every_command_of_the_pages_is_a_request(page: str) -> None:
    text = (REPOSITORY / page).read_text()
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    commands = [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("fesdist ")]
    assert commands
    for verb, *words in commands:
        read_words(VERBS[verb], words)


def test_the_table_of_readme_is_made_from_the_requests() -> None:
    text = (REPOSITORY / "README.md").read_text()
    table = text.split("<!-- options -->\n")[1].split("\n<!-- /options -->")[0]
    assert table == option_table(), "python -m fesdist.requests.table prints it anew"


def test_what_is_typed_in_two_rooms_is_equal() -> None:
    assert get_args(ColourName) == tuple(Colour)
    assert round(options_of(Ingest)["pixel_limit"].default * MEGAPIXEL) == PIXEL_LIMIT
    assert byte_size(options_of(Train)["memory"].shown_default) == DEFAULT_MEMORY
    assert set(get_args(options_of(Train)["shape"].type)) == set(Shape)
    assert f"images of {SHAPED_FROM} pixels on" in options_of(Train)["shape"].help


def test_texts_are_read_wherever_they_are_said() -> None:
    train = request_from(Train, {**_required(Train), "memory": "400MiB", "expressions": ["happy"]})
    assert (train.memory, train.expressions) == (400 << 20, ("happy",))
    ingest = request_from(Ingest, {**_required(Ingest), "size": [3, 4], "holdout": ["a", "b"]})
    assert (ingest.size, ingest.held_out()) == ((3, 4), ("a", "b"))
    assert request_from(Ingest, {**_required(Ingest), "size": "128"}).size == (128, 128)
    assert request_from(Ingest, {**_required(Ingest), "holdout": 0.5}).held_out() == 0.5


def test_several_values_are_tuples_however_they_are_said() -> None:
    words = ["stack", "--window", "3, 5", "--ridge", "0.1", "--ridge", "1,10", "--leave-one-out"]
    tune = read_words(Tune, words)
    assert tune.options == {"window": (3, 5), "ridge": (0.1, 1.0, 10.0)}
    assert tune.tuning().n_folds is None
    flow = request_from(Tune, {"stack": "stack", "window": [3, 5], "ridge": [0.1, 1, 10], "leave_one_out": True})
    assert flow == tune


@pytest.mark.parametrize(
    ("request_type", "words", "message"),
    [
        (Tune, ["stack", "--folds", "3", "--leave-one-out"], "not allowed with argument"),
        (Tune, ["stack", "--window", "3,wide"], "'3,wide'; expected whole numbers, separated by commas"),
        (Train, ["stack", "store"], "the following arguments are required: --name"),
        (Train, ["stack", "store", "--name", "a", "--expressions", ","], "',' names nothing; leave the option out"),
        (Synthesize, ["photographs", "out", "--model", "m"], "the following arguments are required: --weights"),
    ],
)
def test_wrong_words_are_wrong_usage(
    request_type: type[Any], words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        read_words(request_type, words)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_a_scheduler_of_the_environment_is_used_where_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://scheduler:8786")
    words = ["stack.zarr", "weights", "--name", "faces"]
    given = {"": "tcp://scheduler:8786", "--workers 2": None, "--scheduler tcp://other:1": "tcp://other:1"}
    for said, expected in given.items():
        assert read_words(VERBS["train"], [*words, *said.split()]).cluster().scheduler == expected
