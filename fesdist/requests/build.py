"""From names and values, wherever they were said, to a request."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from fesdist.ground.errors import BadParameterError
from fesdist.ground.options import Option, declared
from fesdist.requests.groups import ModelOptions

Request = TypeVar("Request")

_OF_MODELS = "options"
"""The field that holds the options of the models."""


def options_of(request: type[Any]) -> dict[str, Option]:
    """Return all that may be said in a request, by name: what is its own first, then group by group."""
    found = [replace(each, group=_group(request, each.name)) for each in declared(request).values()]
    if issubclass(request, ModelOptions):
        found = [_named_models(each) for each in found if each.name != _OF_MODELS] + _of_models(request)
    # The fields of a dataclass begin with those of its last base, which people need last.
    groups = [
        "",
        *dict.fromkeys(vars(base)["GROUP"] for base in request.__mro__ if "GROUP" in vars(base)),
        ModelOptions.GROUP,
    ]
    return {each.name: each for each in sorted(found, key=lambda each: groups.index(each.group))}


def request_from(request: type[Request], said: Mapping[str, Any]) -> Request:
    """Return a request with the values that were said; what is None was not.

    Raises BadParameterError for a name that the request does not have, a wrong type, and for what is missing.
    """
    options = options_of(request)
    given = {name: value for name, value in said.items() if value is not None}
    for name in given:
        if name not in options:
            raise BadParameterError(f"{verb_of(request)} has no option {name!r}; its options: {', '.join(options)}")
    if missing := [name for name, each in options.items() if each.required and name not in given]:
        raise BadParameterError(f"{verb_of(request)} was not given {', '.join(missing)}")
    values = {name: options[name].check(value, f"{verb_of(request)}: ") for name, value in given.items()}
    if issubclass(request, ModelOptions):
        own = {field.name for field in fields(request)}
        values[_OF_MODELS] = {name: values.pop(name) for name in list(values) if name not in own}
    return request(**values)


def verb_of(request: type[Any]) -> str:
    """Return the word for a request: `train` for `Train`."""
    return request.__name__.lower()


def summary_of(request: type[Any]) -> str:
    """Return what a request asks for, in one sentence."""
    return " ".join((inspect.getdoc(request) or "").split())


def _group(request: type[Any], name: str) -> str:
    owner = next(base for base in request.__mro__ if name in vars(base).get("__annotations__", ()))
    return "" if declared(owner)[name].positional else str(vars(owner).get("GROUP", ""))


def _of_models(request: type[ModelOptions]) -> list[Option]:
    from fesdist.registry.options import model_options

    options = [replace(each, group=ModelOptions.GROUP) for each in model_options().values()]
    return [each.several() for each in options] if request.SEVERAL else options


def _named_models(option: Option) -> Option:
    from fesdist.registry import MODELS

    return replace(option, help=option.help.replace("{models}", ", ".join(MODELS)))
