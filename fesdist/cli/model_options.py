"""Options that say which model is trained from which samples; `plan` and `train` share them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fesdist.cli.options import add_expressions_option

if TYPE_CHECKING:
    from fesdist.families.common.contract import AnyModel

COLOURS = ("per-channel", "shared", "gray")

DEFAULT_MODEL = "mr"


@dataclass(frozen=True)
class Hyperparameter:
    """An option of one model or of several: `--n-nonzero` for `n_nonzero`."""

    name: str
    type: type[int] | type[float] | type[str]
    metavar: str
    help: str


HYPERPARAMETERS = (
    Hyperparameter("window", int, "R", "side of the receptive field, odd"),
    Hyperparameter("dilation", int, "D", "distance between the field's pixels"),
    Hyperparameter("mask", str, "FILE", "receptive field of any shape: text of 0 and 1, .npy, or an image"),
    Hyperparameter("ridge", float, "LAMBDA", "weight of the penalty on the weights, above 0"),
    Hyperparameter("rank", int, "R", "codes through which outputs see the whole image"),
    Hyperparameter("n_nonzero", int, "F", "input pixels that an output pixel reads"),
    Hyperparameter("locality", float, "BETA", "preference for input pixels near the fields of the neighbours"),
    Hyperparameter("l1", float, "LAMBDA", "weight of the l1 penalty, above 0"),
    Hyperparameter("max_nonzero", int, "N", "room for input pixels of an output pixel"),
    Hyperparameter("kernel", str, "NAME", "gaussian, laplacian, polynomial or linear"),
    Hyperparameter("sigma", float, "S", "width of a gaussian or laplacian kernel, in [0, 1] units, 0.2 if not given"),
    Hyperparameter("degree", int, "N", "degree of a polynomial kernel, 3 if not given"),
    Hyperparameter("offset", float, "C", "constant of a polynomial kernel, 0 to 1, 1 if not given"),
)


class _ModelDefaults:
    """Stands for a hyper-parameter that was not given; its text, for --help, names the models that have it.

    The text is made when it is needed, because models import compiled code.
    """

    def __init__(self, option: str) -> None:
        self._option = option

    def __str__(self) -> str:
        from fesdist.registry import MODELS
        from fesdist.registry.options import options_of

        defaults = {name: options_of(name) for name in MODELS}
        return ", ".join(
            name if options[self._option] is None else f"{name} {options[self._option]}"
            for name, options in defaults.items()
            if self._option in options
        )


class _KnownModels:
    """Stands for a --model that was not given; its text, for --help, names the models there are."""

    def __str__(self) -> str:
        from fesdist.registry import MODELS

        return ", ".join(f"{name} (default)" if name == DEFAULT_MODEL else name for name in MODELS)


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add --model, the hyper-parameters of all models, and what else tells what is trained."""
    group = parser.add_argument_group("what is trained")
    group.add_argument("--model", default=_KnownModels(), metavar="NAME", help="one of %(default)s")
    group.add_argument("--colour", choices=COLOURS, help="a fit each, one for all (default), or on gray")
    add_expressions_option(group, "train")
    group.add_argument(
        "--input", metavar="NAME", help="expression that the model starts from (default: the stack's input)"
    )
    group.add_argument("--config", metavar="FILE", help="settings as `fesdist tune` writes them; options override them")
    group.add_argument("--all-subjects", action="store_true", help="learn from the held-out people as well")
    group = parser.add_argument_group("options of the models", "each with the models that have it, and their defaults")
    for option in HYPERPARAMETERS:
        group.add_argument(
            f"--{option.name.replace('_', '-')}",
            type=option.type,
            default=_ModelDefaults(option.name),
            metavar=option.metavar,
            help=f"{option.help} [%(default)s]",
        )


def choose_model(name: str, options: Mapping[str, Any]) -> AnyModel:
    """Return a model as people describe it: options that are None were not given, `mask` is the name of a file.

    Raises BadParameterError for an unknown model, for an option that the model does not have, and for a bad value.
    """
    from fesdist.images.mask import read_mask
    from fesdist.registry.options import model_from_options

    given = {option: value for option, value in options.items() if value is not None}
    if "mask" in given:
        given["mask"] = read_mask(given["mask"])
    return model_from_options(name, given)


def given_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the hyper-parameters that were given on the command line."""
    values = {option.name: getattr(arguments, option.name) for option in HYPERPARAMETERS}
    return {name: value for name, value in values.items() if not isinstance(value, _ModelDefaults)}


def given_model(arguments: argparse.Namespace) -> str | None:
    """Return the --model that was given on the command line, or None."""
    return None if isinstance(arguments.model, _KnownModels) else arguments.model
