"""From TOML files to requests: configurations as `tune` writes them and `train` reads them, and entrants.

`[model]` is a model and its options, `[training]` how and on what it is trained, `[tuning]` why these were chosen.
`[models.NAME]` is an entrant of a comparison.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fesdist.ground.errors import BadParameterError
from fesdist.ground.files import write_whole
from fesdist.ground.letters import escaped
from fesdist.ground.options import Option
from fesdist.requests.build import options_of
from fesdist.requests.groups import Chosen
from storage.errors import FormatError

if TYPE_CHECKING:
    from fesdist.comparing.entrants import Entrant
    from fesdist.tuning.tuning import Tuning

_TABLES = ("model", "training", "tuning")
_ROWS = re.compile(r"\[\s+([^\[\]=]*?),\s+\]")
"""Lists of plain values, which are easier to read on one line each."""


def read_config(path: str) -> tuple[dict[str, Any], dict[str, Any], Mapping[str, Any] | None]:
    """Return what a TOML file says: fields of a request, options of its model, and its tuning as JSON values.

    A mask is a file named from the configuration's folder.

    Raises BadParameterError for a file that cannot be read, for unknown tables and keys, and for values of wrong types.
    """
    from fesdist.tuning.tuning import Tuning

    tables = _read(path)
    for table in tables:
        if table not in _TABLES:
            raise BadParameterError(f"{path} has {table!r}; expected {', '.join(_TABLES)}")
    known = {name: each for name, each in options_of(Chosen).items() if each.in_file}
    said = _checked(tables.get("training", {}), known, f"[training] of {path}")
    options: dict[str, Any] = {}
    if "model" in tables:
        said["model"], options = _model(tables["model"], f"[model] of {path}", Path(path))
    if (tuning := tables.get("tuning")) is not None:
        try:
            Tuning.from_json(tuning, f"[tuning] of {path}")
        except FormatError as error:
            raise BadParameterError(
                f"[tuning] of {path} is not as `fesdist tune` writes it ({error}); remove the table to train without it"
            ) from error
    return said, options, tuning


def read_entrants(path: str) -> tuple[Entrant, ...]:
    """Return the entrants in a TOML file; raises BadParameterError for a file without, and for a bad model."""
    from fesdist.comparing.entrants import Entrant
    from fesdist.registry.options import model_from_options
    from fesdist.training.job import Shape

    found = _read(path)
    models = found.get("models")
    if set(found) != {"models"} or not isinstance(models, dict) or not models:
        raise BadParameterError(
            f"{path} has {', '.join(found) or 'nothing'}; expected only tables such as [models.mr-7], one an entrant"
        )
    entrants = []
    for name, table in models.items():
        where = f"[models.{name}] of {path}"
        shape = table.pop("shape", False) if isinstance(table, dict) else False
        if not isinstance(shape, bool):
            raise BadParameterError(f"{where} has shape = {shape!r}; expected true or false")
        model, options = _model(table, where, Path(path))
        try:
            entrants.append(Entrant(name, model_from_options(model, options), Shape.YES if shape else Shape.NO))
        except BadParameterError as error:
            raise BadParameterError(f"{where}: {error}") from error
    return tuple(entrants)


def write_config(path: Path, tuning: Tuning) -> None:
    """Write the configuration that `tuning` chose, whole or not at all; a mask is named from its folder, as it is read.

    Raises BadParameterError when the file cannot be written, or the mask's name is no text.
    """
    import tomli_w

    options = tuning.options
    if "mask" in options:
        options["mask"] = _named_from(path.parent, options["mask"])
    chosen = {"colour": tuning.colour, "input": tuning.input_expression, "expressions": list(tuning.expressions)}
    tables = {
        "model": {"model": tuning.model, **options},
        "training": chosen,
        "tuning": tuning.to_json() | {"stack": escaped(tuning.stack)},
    }
    text = _ROWS.sub(lambda row: f"[{' '.join(row[1].split())}]", tomli_w.dumps(tables))
    heading = "# Chosen by `fesdist tune`; `fesdist train STACK STORE --name NAME --config` trains it.\n\n"
    try:
        content = (heading + text).encode()
    except UnicodeEncodeError as error:
        raise BadParameterError(
            f"the configuration {path} cannot name the mask {options.get('mask')!a}, as some of its bytes are no text; "
            "rename it, or its folder, and repeat the command"
        ) from error
    write_whole(path, content, "the configuration")


def _read(path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadParameterError(f"{path} cannot be read ({error}); expected a TOML file") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadParameterError(f"{path} is no TOML: {error}") from error


def _model(table: Any, where: str, path: Path) -> tuple[str, dict[str, Any]]:
    """Return the name of the model that a table describes, and its options."""
    from fesdist.registry.options import model_options

    if not isinstance(table, Mapping) or not isinstance(table.get("model"), str):
        raise BadParameterError(f'{where} names no model; expected a table with model = "mr" and its options')
    options = _checked({name: value for name, value in table.items() if name != "model"}, model_options(), where)
    if "mask" in options:
        options["mask"] = str(path.parent / options["mask"])
    return table["model"], options


def _named_from(folder: Path, file: str) -> str:
    """Return the name from a folder of what is called `file` from here."""
    if Path(file).is_absolute():
        return file
    # Folders by their own names: what lies above one that is reached through a link is not where the link is.
    return os.path.relpath(Path(file).parent.resolve() / Path(file).name, folder.resolve())


def _checked(table: Any, known: Mapping[str, Option], where: str) -> dict[str, Any]:
    if not isinstance(table, Mapping):
        raise BadParameterError(f"{where} is {table!r}; expected a table")
    for name in table:
        if name not in known:
            raise BadParameterError(f"{where} has {name!r}; expected {', '.join(known)}")
    return {name: known[name].check(value, f"{where} has ") for name, value in table.items()}
