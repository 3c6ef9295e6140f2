"""From the parameters of a function, which a scheduler shows as a form, to a request."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING
from inspect import Parameter, Signature
from typing import Any, TypeVar, get_type_hints

from fesdist.ground.options import Option
from fesdist.requests.build import options_of, request_from

Result = TypeVar("Result")


def takes(request: type[Any]) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Return a decorator: the function's first parameter, a request, becomes the parameters that it is made from.

    Those of the function's own that follow it stay.
    """

    def decorated(function: Callable[..., Result]) -> Callable[..., Result]:
        options = {name: each for name, each in options_of(request).items() if not each.command_only}
        hints = get_type_hints(function)
        own = [
            each.replace(annotation=hints[each.name])
            for each in list(inspect.signature(function).parameters.values())[1:]
        ]
        parameters = sorted([*map(_parameter, options.values()), *own], key=lambda each: each.default is not each.empty)
        signature = Signature(parameters, return_annotation=hints["return"])

        @functools.wraps(function)
        def called(*arguments: Any, **named: Any) -> Result:
            said = signature.bind(*arguments, **named).arguments
            others = {name: said.pop(name) for name in list(said) if name not in options}
            return function(request_from(request, said), **others)

        helps = "\n".join(f"    {name}: {each.told}" for name, each in options.items())
        called.__doc__ = f"{inspect.getdoc(function)}\n\nArgs:\n{helps}\n"
        called.__signature__ = signature  # type: ignore[attr-defined]
        called.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": hints["return"]}
        return called

    return decorated


def _parameter(option: Option) -> Parameter:
    default = Parameter.empty if option.default is MISSING else option.default
    return Parameter(option.name, Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=option.spoken_type)
