"""Options: the hyper-parameters of a model under the names by which people give them.

The fields of a model's dataclass are its options. Only `offsets`, a receptive field of any shape, is too long to write
and has three options in its place: `window` and `dilation`, or `mask`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Any

from numpy.typing import ArrayLike

from fesdist.ground.errors import BadParameterError
from fesdist.ground.receptive_field import Offset, mask_offsets, window_offsets
from fesdist.registry import AnyModel, hyperparameters, model_named

FIELD_OPTIONS: dict[str, Any] = {"window": 5, "dilation": 1, "mask": None}


def options_of(name: str) -> dict[str, Any]:
    """Return the options of a model with their defaults; raises BadParameterError for an unknown model.

    None stands for a default that depends on the other options.
    """
    options: dict[str, Any] = {}
    for parameter, field in hyperparameters(model_named(name)).items():
        if parameter == "offsets":
            options |= FIELD_OPTIONS
        else:
            options[parameter] = None if field.default is MISSING else field.default
    return options


def model_from_options(name: str, options: Mapping[str, Any]) -> AnyModel:
    """Return a model; options that are left out have their defaults, `mask` is an array of 0 and 1 (row, col).

    Raises BadParameterError for an unknown model, for an option that the model does not have, and for a bad value.
    """
    own = options_of(name)
    for option in options:
        if option not in own:
            raise BadParameterError(f"model {name!r} has no option {option}; its options: {', '.join(own)}")
    values = dict(options)
    if "window" in own:
        field_options = {option: values.pop(option) for option in FIELD_OPTIONS if option in values}
        values["offsets"] = _offsets(**field_options)
    build: Callable[..., AnyModel] = model_named(name)
    return build(**values)


def _offsets(
    window: int | None = None, dilation: int | None = None, mask: ArrayLike | None = None
) -> tuple[Offset, ...]:
    if mask is None:
        return window_offsets(
            FIELD_OPTIONS["window"] if window is None else window,
            FIELD_OPTIONS["dilation"] if dilation is None else dilation,
        )
    if window is not None or dilation is not None:
        raise BadParameterError("a mask is the whole receptive field; leave window and dilation out")
    return mask_offsets(mask)
