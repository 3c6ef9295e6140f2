"""Options of the models: their hyper-parameters under the names by which people give them.

The fields of a model's dataclass are its options. Only `offsets`, a receptive field of any shape, is too long to write
and has three options in its place: `window` and `dilation`, or `mask`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fesdist.ground.errors import BadParameterError
from fesdist.ground.options import Option, declared, option
from fesdist.ground.receptive_field import Offset, mask_offsets, window_offsets
from fesdist.images.mask import read_mask
from fesdist.registry import MODELS, AnyModel, model_named


@dataclass(frozen=True)
class ReceptiveField:
    """The options that stand for `offsets`."""

    window: int = option(5, "side of the receptive field, odd", metavar="R")
    dilation: int = option(1, "distance between the field's pixels", metavar="D")
    mask: str | None = option(
        None, "receptive field of any shape: text of 0 and 1, .npy, or an image", metavar="FILE", on_disk=True
    )

    def offsets(self) -> tuple[Offset, ...]:
        """Return the field's pixels; `mask` may be an array as well."""
        if self.mask is None:
            return window_offsets(self.window, self.dilation)
        return mask_offsets(read_mask(self.mask) if isinstance(self.mask, (str, Path)) else self.mask)


def options_of(name: str) -> dict[str, Option]:
    """Return the options of a model; raises BadParameterError for an unknown model."""
    found = declared(model_named(name))
    if "offsets" in found:
        return declared(ReceptiveField) | {parameter: own for parameter, own in found.items() if parameter != "offsets"}
    return found


AUTO = "auto"
"""What people say of an option that a training run is to choose by itself."""


def model_options() -> dict[str, Option]:
    """Return the options of all models by name, as a command line has them: None leaves each model its own default.

    They tell the models that have them, with these defaults.
    """
    owners: dict[str, dict[str, Option]] = {}
    for model in MODELS:
        for name, own in options_of(model).items():
            owners.setdefault(name, {})[model] = own
    return {name: _of_any_model(name, owned) for name, owned in owners.items()}


def open_options(name: str, said: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the options that a run chooses by itself, when these are said of a model, which may say `AUTO`.

    A penalty that is said is the papers' fit: what they lack is chosen with it only where that is asked for. Raises
    BadParameterError for `AUTO` where a model does not choose.
    """
    chosen = model_named(name).chosen_by_folds
    check_options(name, said)
    for each, value in said.items():
        if isinstance(value, str) and value == AUTO and each not in chosen:
            raise BadParameterError(
                f"{each} {AUTO} for model {name!r}, which cannot choose it by sums; give a value, or use fesdist tune"
            )
    by_itself = all(said.get(each, AUTO) == AUTO for each in chosen[:1])
    return tuple(each for each in chosen if said.get(each, AUTO if by_itself else None) == AUTO)


def _of_any_model(name: str, owned: Mapping[str, Option]) -> Option:
    first = next(iter(owned.values()))
    choosing = {model for model in owned if name in model_named(model).chosen_by_folds}
    defaults = {model: AUTO if model in choosing else _default(own) for model, own in owned.items()}
    by_default: dict[str, list[str]] = {}
    for model, default in defaults.items():
        by_default.setdefault(default, []).append(model)
    words = (
        ", ".join(f"{default} for {', '.join(models)}" for default, models in by_default.items())
        if len(by_default) < len(defaults)
        else ", ".join(f"{model} {default}" for model, default in defaults.items())
    )
    return replace(
        first, type=first.type | None, default=None, implied=words, words=(AUTO,) if choosing else first.words
    )


def _default(own: Option) -> str:
    others = [text for text in own.known if text != own.default]
    return (own.shown_default or "none") + (f" (or {', '.join(others)})" if others else "")


def check_options(name: str, said: Iterable[str]) -> dict[str, Option]:
    """Return the options of a model; raises BadParameterError for an unknown model, and for what it lacks."""
    own = options_of(name)
    for given in said:
        if given not in own:
            raise BadParameterError(f"model {name!r} has no option {given}; its options: {', '.join(own)}")
    return own


def model_from_options(name: str, options: Mapping[str, Any]) -> AnyModel:
    """Return a model; options that are left out have their defaults, `mask` is a file, or 0 and 1 in (row, col).

    Raises BadParameterError for an unknown model, for an option that the model does not have, and for a bad value.
    """
    own = check_options(name, options)
    values = dict(options)
    if "window" in own:
        field = {given: values.pop(given) for given in declared(ReceptiveField) if given in values}
        if len(field) > 1 and "mask" in field:
            raise BadParameterError("a mask is the whole receptive field; leave window and dilation out")
        values["offsets"] = ReceptiveField(**field).offsets()
    build: Callable[..., AnyModel] = model_named(name)
    return build(**values)
