"""From what people say, in options and in a configuration, to what is trained."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fesdist.cli.config_file import TrainingConfig, read_config
from fesdist.cli.model_options import DEFAULT_MODEL, choose_model, given_model, given_options
from fesdist.ground.errors import BadParameterError

if TYPE_CHECKING:
    from fesdist.training.job import TrainingRequest

DEFAULT_COLOUR = "shared"


def request_from(arguments: argparse.Namespace, *, store: str, name: str) -> TrainingRequest:
    """Return the training request that the options of `add_model_options` describe; raises as `training_request`."""
    return training_request(
        arguments.stack,
        store,
        name,
        model=given_model(arguments),
        options=given_options(arguments),
        colour=arguments.colour,
        expressions=arguments.expressions,
        input_expression=arguments.input,
        all_subjects=arguments.all_subjects,
        config=arguments.config,
    )


def training_request(
    stack: str,
    store: str,
    name: str,
    *,
    model: str | None = None,
    options: Mapping[str, Any] | None = None,
    colour: str | None = None,
    expressions: Sequence[str] | None = None,
    input_expression: str | None = None,
    all_subjects: bool = False,
    config: str | None = None,
) -> TrainingRequest:
    """Return a training request; what is None is as `config`, a file, says, and else has its default.

    Raises BadParameterError for a bad file, for a model beside one in the file, and for bad options.
    """
    from fesdist.ground.colour import Colour
    from fesdist.training.job import TrainingRequest

    found = read_config(config) if config is not None else TrainingConfig()
    if model is not None and found.model not in (None, model):
        raise BadParameterError(
            f"model {model!r} was given, but {config} is about model {found.model!r}; give the one or the other"
        )
    given = {option: value for option, value in (options or {}).items() if value is not None}
    wanted = expressions or found.expressions
    return TrainingRequest(
        stack=stack,
        store=store,
        name=name,
        model=choose_model(model or found.model or DEFAULT_MODEL, {**(found.options or {}), **given}),
        colour=Colour(colour or found.colour or DEFAULT_COLOUR),
        expressions=tuple(wanted) if wanted else None,
        subjects="all" if all_subjects else "train",
        input_expression=input_expression or found.input,
        # What was chosen by measuring does not speak for other options.
        tuning=None if given else found.tuning,
    )
