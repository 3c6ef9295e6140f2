"""Configurations of training: what `tune` writes and `train --config` reads, TOML that people may edit.

`[model]` is a model and its options, `[training]` how and on what it is trained, `[tuning]` why these were chosen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fesdist.cli.model_file import checked_options, read_toml
from fesdist.cli.model_options import COLOURS
from fesdist.ground.errors import BadParameterError

if TYPE_CHECKING:
    from fesdist.tuning.tuning import Tuning

_TABLES = ("model", "training", "tuning")
_TRAINING = ("colour", "input", "expressions")
_ROWS = re.compile(r"\[\s+([^\[\]=]*?),\s+\]")
"""Lists of plain values, which are easier to read on one line each."""


@dataclass(frozen=True)
class TrainingConfig:
    """A configuration as it was read; what it leaves out is None."""

    model: str | None = None
    options: Mapping[str, Any] | None = None
    colour: str | None = None
    input: str | None = None
    expressions: tuple[str, ...] | None = None
    tuning: Mapping[str, Any] | None = None
    """Plain JSON values of a `Tuning`."""


def read_config(path: str | Path) -> TrainingConfig:
    """Return the configuration in a TOML file; a mask is a file named from the configuration's folder.

    Raises BadParameterError for a file that cannot be read, for unknown tables and keys, and for values of wrong types.
    """
    from fesdist.tuning.tuning import Tuning

    tables = read_toml(path)
    _known(tables, _TABLES, str(path))
    training = tables.get("training", {})
    where = f"[training] of {path}"
    if not isinstance(training, Mapping):
        raise BadParameterError(f"{where} is {training!r}; expected a table")
    _known(training, _TRAINING, where)
    colour, before, expressions = (training.get(key) for key in _TRAINING)
    if colour not in (None, *COLOURS):
        raise BadParameterError(f"{where} has colour = {colour!r}; expected one of {', '.join(COLOURS)}")
    if not isinstance(before, str | None):
        raise BadParameterError(f"{where} has input = {before!r}; expected the name of an expression")
    if expressions is not None and not (
        isinstance(expressions, list) and expressions and all(isinstance(name, str) for name in expressions)
    ):
        raise BadParameterError(f"{where} has expressions = {expressions!r}; expected a list of names")
    if (tuning := tables.get("tuning")) is not None:
        try:
            Tuning.from_json(tuning)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadParameterError(
                f"[tuning] of {path} is not as `fesdist tune` writes it ({type(error).__name__}: {error}); remove the "
                "table to train without it"
            ) from error
    model = options = None
    if "model" in tables:
        model, options = checked_options(tables["model"], f"[model] of {path}", Path(path).parent)
    return TrainingConfig(model, options, colour, before, tuple(expressions) if expressions else None, tuning)


def write_config(path: Path, tuning: Tuning) -> None:
    """Write the configuration that `tuning` chose, whole or not at all.

    Raises BadParameterError when the file cannot be written.
    """
    import tomli_w

    document = {
        "model": {"model": tuning.model, **tuning.options},
        "training": {
            "colour": tuning.colour,
            "input": tuning.input_expression,
            "expressions": list(tuning.expressions),
        },
        "tuning": tuning.to_json(),
    }
    text = _ROWS.sub(lambda row: f"[{' '.join(row[1].split())}]", tomli_w.dumps(document))
    heading = "# Chosen by `fesdist tune`; `fesdist train STACK STORE --name NAME --config` trains it.\n\n"
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_text(heading + text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise BadParameterError(
            f"the configuration cannot be written to {path} ({error.strerror}); expected a writable folder with room"
        ) from error


def _known(table: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in keys:
            raise BadParameterError(f"{where} has {key!r}; expected {', '.join(keys)}")
