"""Files of weights, the papers' programs' and ours, published as a version like any other."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fesdist.exports.npz.csr import LARGEST_FILE, Rows, read_rows
from fesdist.exports.npz.label import Label, label_of
from fesdist.exports.npz.matrices import form_of
from fesdist.exports.npz.origin import Origin
from fesdist.exports.npz.publishing import Found, Weights, publish
from fesdist.exports.npz.writing import CHANNELS
from fesdist.families.common.fixed_map import Windows
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from fesdist.ground.notices import Notice, counted_notice
from fesdist.inference.checked import Conventions, Normalisation
from fesdist.registry import model_from_parameters, model_named
from storage.blobs.names import check_name
from storage.datasets.store import WeightStore


@dataclass(frozen=True)
class WeightFile:
    """A file that was read."""

    path: Path
    sha256: str
    rows: Rows
    label: Label | None


@dataclass(frozen=True)
class Said:
    """What a file of the papers' programs does not tell; None is a guess that is told."""

    model: str | None = None
    expression: str | None = None
    input_expression: str | None = None
    """The papers' are neutral."""
    size: tuple[int, int] | None = None
    """Rows and columns; a square if None."""
    colour: str | None = None
    normalisation: Normalisation | None = None
    """The papers' is min-max."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Hyper-parameters with which the weights were found; they do not change outputs."""


@dataclass(frozen=True)
class Imported:
    """The version that was made."""

    name: str
    version: int
    model: str
    described: str
    image_shape: tuple[int, int]
    expressions: tuple[str, ...]
    colour: Colour
    notices: tuple[Notice, ...] = ()
    """What is in doubt of it, as its manifest keeps it."""


def import_files(paths: Sequence[Path], store_uri: str, name: str, said: Said) -> Imported:
    """Publish the weights in files as the next version of a model.

    Files that fesdist wrote tell what they are, so several expressions may come at once; those of the papers' programs
    are one expression, in one file or in three: red, green, blue, or in any order if their names end in channel1, 2, 3.

    Raises BadParameterError for a file that holds no such weights and for files that do not belong together.
    """
    check_name("model", name)
    if said.expression:
        check_name("expression", said.expression)
    files = [_read(path) for path in paths]
    if label := _common_label(files):
        _check_said(files[0].path, label, said)
    image_shape = label.image_shape if label else said.size or _square(files[0])
    groups = _by_expression(files, said.expression)
    weights = {expression: _weights(own, image_shape, said) for expression, own in sorted(groups.items())}
    models = [found.model for found in weights.values()]
    if any(model != models[0] for model in models):
        raise BadParameterError("the expressions have different receptive fields; import them one after the other")
    before = label.input_expression if label else said.input_expression or "neutral"
    check_name("expression", before)
    colour = _colour(said.colour, label, len(next(iter(groups.values()))))
    guessed = label is None and said.model is None
    text = (
        f"the weights were taken for those of {models[0].name}, by their places; if another model found them, import "
        "them again with --model"
    )
    notices = counted_notice("doubtful", text, int(guessed))
    found = Found(
        image_shape,
        label.channels if label else 1 if colour is Colour.GRAY else 3,
        colour,
        before,
        label.conventions() if label else Conventions(said.normalisation or "min-max"),
        weights,
        [Origin(file.path.name, file.sha256, file.label.reference if file.label else "") for file in files],
        notices,
    )
    number = publish(WeightStore(store_uri), name, found)
    return Imported(name, number, models[0].name, models[0].describe(), image_shape, tuple(weights), colour, notices)


def _read(path: Path) -> WeightFile:
    try:
        if (found := path.stat().st_size) > LARGEST_FILE:
            raise BadParameterError(f"{path} has {found} bytes; expected at most {LARGEST_FILE}")
        content = path.read_bytes()
    except OSError as error:
        raise BadParameterError(
            f"{path} cannot be read ({error.strerror}); expected a file of weights, .npz"
        ) from error
    rows = read_rows(path, content)
    return WeightFile(path, hashlib.sha256(content).hexdigest(), rows, label_of(path, rows.extra))


def _common_label(files: Sequence[WeightFile]) -> Label | None:
    """Return the label of files that are of one version; None where they have none."""
    kinds = [
        file.label and {key: value for key, value in asdict(file.label).items() if key not in ("expression", "set")}
        for file in files
    ]
    if any(kind != kinds[0] for kind in kinds):
        names = ", ".join(file.path.name for file in files)
        raise BadParameterError(f"{names} are not of one version; import them one after the other")
    return files[0].label


def _check_said(path: Path, label: Label, said: Said) -> None:
    """Raise BadParameterError where something else is said of a file than what it tells itself."""
    rows, cols = label.image_shape
    told: dict[str, tuple[Any, Any, str]] = {
        "--size": (said.size, label.image_shape, f"images of {rows} x {cols}"),
        "--input-expression": (said.input_expression, label.input_expression, f"input {label.input_expression}"),
        "--normalisation": (said.normalisation, label.normalisation, f"normalisation {label.normalisation}"),
    }
    if said.model is None and "ridge" in said.parameters:
        ridge = label.parameters.get("ridge")
        told["--ridge"] = (said.parameters["ridge"], ridge, _in_words(ridge))
    for name, (given, known, words) in told.items():
        if given not in (None, known):
            raise BadParameterError(f"{path} was exported from {label.reference}, with {words}; leave {name} out")


def _in_words(ridge: float | Sequence[Any] | None) -> str:
    """Return what ridge there was, which may be a map of ridges.

    >>> _in_words(0.4), _in_words([[0.4, 8.0]]), _in_words(None)
    ('ridge 0.4', 'a ridge that differs from place to place', 'no ridge')
    """
    if ridge is None:
        return "no ridge"
    return f"ridge {ridge:g}" if isinstance(ridge, (int, float)) else "a ridge that differs from place to place"


def _square(file: WeightFile) -> tuple[int, int]:
    side = math.isqrt(file.rows.n_pixels)
    if side * side != file.rows.n_pixels:
        raise BadParameterError(
            f"{file.path}: weights of {file.rows.n_pixels} pixels, which are no square; say --size as ROWSxCOLS"
        )
    return side, side


def _by_expression(files: Sequence[WeightFile], said: str | None) -> dict[str, list[WeightFile]]:
    """Return the files of each expression, in the order of its sets of weights."""
    groups: dict[str, list[WeightFile]] = {}
    for file in files:
        groups.setdefault(file.label.expression if file.label else said or "expression", []).append(file)
    if said and len(groups) > 1:
        raise BadParameterError(f"one name, {said!r}, for {', '.join(groups)}; leave --expression out")
    for own in groups.values():
        expected = own[0].label.sets if own[0].label else 3 if len(own) > 1 else 1
        if len(own) != expected:
            raise BadParameterError(
                f"{len(own)} files of one expression ({', '.join(file.path.name for file in own)}); expected {expected}"
                f"{': of red, green and blue' if expected > 1 else ''}"
            )
        places = [_place(file, given) for given, file in enumerate(own)] if expected > 1 else [0]
        if sorted(places) != list(range(expected)):
            raise BadParameterError(
                f"{', '.join(file.path.name for file in own)} name a channel twice; expected one file for each"
            )
        own[:] = [own[places.index(place)] for place in range(expected)]
    return {said: own} if said else groups


def _place(file: WeightFile, given: int) -> int:
    """Return the set of weights that a file holds: told by its label or its name, else by its place."""
    if file.label:
        return file.label.set
    named = re.search(r"channel([123])$", file.path.stem)
    return CHANNELS.index(int(named[1])) if named else given


def _weights(files: Sequence[WeightFile], image_shape: tuple[int, int], said: Said) -> Weights:
    form, label = form_of(files[0].path, [file.rows for file in files], image_shape), files[0].label
    try:
        if label is not None and said.model is None:
            return Weights(model_from_parameters(label.model, label.parameters), form)
        name = said.model or ("mr" if isinstance(form, Windows) else "omp")
        return Weights(model_named(name).for_map(form, **said.parameters), form)
    except BadParameterError as error:
        raise BadParameterError(f"{files[0].path}: {error}") from error


def _colour(said: str | None, known: Label | None, sets: int) -> Colour:
    colour = Colour(said or (known.colour if known else Colour.PER_CHANNEL if sets > 1 else Colour.SHARED))
    if colour.weight_channels(known.channels if known else 3) != sets:
        raise BadParameterError(
            f"colour {colour} for {sets} file{'s' if sets > 1 else ''}; expected "
            f"{'per-channel' if sets > 1 else 'shared or gray, or three files separated by commas: red, green, blue'}"
        )
    return colour
