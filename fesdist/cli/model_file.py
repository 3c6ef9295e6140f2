"""Models in TOML files: a table with `model`, its name, and its options as on the command line, `n_nonzero = 5`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fesdist.cli.model_options import HYPERPARAMETERS, choose_model
from fesdist.ground.errors import BadParameterError

if TYPE_CHECKING:
    from fesdist.families.common.contract import AnyModel

_TYPES = {option.name: option.type for option in HYPERPARAMETERS}
_WORDS = {int: "a whole number", float: "a number", str: "a text"}


def read_toml(path: str | Path) -> dict[str, Any]:
    """Return the tables of a TOML file; raises BadParameterError for a file that cannot be read or is no TOML."""
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadParameterError(f"{path} cannot be read ({error}); expected a TOML file") from error
    except tomllib.TOMLDecodeError as error:
        raise BadParameterError(f"{path} is no TOML: {error}") from error


def model_from_table(table: Any, where: str, folder: Path) -> AnyModel:
    """Return the model that a table describes; raises as `checked_options`, and for a bad value."""
    model, options = checked_options(table, where, folder)
    try:
        return choose_model(model, options)
    except BadParameterError as error:
        raise BadParameterError(f"{where}: {error}") from error


def checked_options(table: Any, where: str, folder: Path) -> tuple[str, dict[str, Any]]:
    """Return the name of the model that a table describes, and its options; `mask` is a file named from `folder`.

    Raises BadParameterError naming `where`, for instance "[models.mr-7] of models.toml", for anything that is no table
    or has no model, for an unknown key, and for a value of a wrong type.
    """
    if not isinstance(table, Mapping) or not isinstance(table.get("model"), str):
        raise BadParameterError(f'{where} names no model; expected a table with model = "mr" and its options')
    options = {name: value for name, value in table.items() if name != "model"}
    for name, value in options.items():
        if name not in _TYPES:
            raise BadParameterError(f"{where} has the key {name!r}; expected model, {', '.join(_TYPES)}")
        if name == "ridge" and isinstance(value, list):
            continue  # a map of ridges, which the model checks
        # bool is an int to Python, and 1 is a fine float to people.
        allowed = (int, float) if _TYPES[name] is float else _TYPES[name]
        if isinstance(value, bool) or not isinstance(value, allowed):
            raise BadParameterError(f"{where} has {name} = {value!r}; expected {_WORDS[_TYPES[name]]}")
    if "mask" in options:
        options["mask"] = str(folder / options["mask"])
    return table["model"], options
