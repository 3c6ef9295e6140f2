"""Draw faces: one image, or a folder of pairs for the demo, the tests and benchmarks of any size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fesdist.faces.expression import EXPRESSIONS, ActionUnits, action_units, check_expression
from fesdist.faces.portrait import Portrait
from fesdist.ground.errors import BadParameterError, ImageError
from fesdist.ground.files import whole_file

SMALLEST, LARGEST = 16, 4096

_FINE_SIZE = 256
_BAND_PIXELS = 2**18
_EXPRESSION_STREAM = 100


def face(person: int, expression: str, size: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return a drawn face, (channel 3, row `size`, col `size`) uint8 sRGB, 0..255.

    The person depends on `seed` and `person` alone; the expression moves lids, brows, cheeks, lips and jaw and
    leaves the rest as it is. The eyes and the neutral mouth lie within 0.015 of (0.345, 0.360), (0.655, 0.360) and
    (0.500, 0.696), in sides of the picture from its upper left corner, (x, y).

    Raises BadParameterError for an unknown expression, a size outside 16..4096 and negative numbers.
    """
    check_expression(expression)
    _check_numbers(size, seed)
    if person < 0:
        raise BadParameterError(f"person {person} does not exist: expected a number from 0 on; leave out the minus")
    return _draw(Portrait.random(seed, person), _units(seed, person, expression), size)


def write_faces(
    folder: Path | str,
    people: int,
    size: int,
    expressions: Sequence[str] = EXPRESSIONS,
    seed: int = 0,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> int:
    """Write `folder`/<expression>/<person>.png for persons 000, 001, ... and return the number of files.

    Existing files of these names are replaced; none is ever there by half. `on_progress(done, total, note)` is called
    after each file.

    Raises BadParameterError for the settings that `face` refuses and for fewer than one person, before anything is
    written; ImageError for a folder that cannot be written.
    """
    for expression in expressions:
        check_expression(expression)
    _check_numbers(size, seed)
    if people < 1:
        raise BadParameterError(f"{people} people cannot be drawn: expected at least 1; ask for more people")
    total = people * len(expressions)
    done = 0
    for person in range(people):
        portrait = Portrait.random(seed, person)
        for expression in expressions:
            path = Path(folder) / expression / f"{person:03d}.png"
            _save(_draw(portrait, _units(seed, person, expression), size), path)
            done += 1
            if on_progress is not None:
                on_progress(done, total, f"{expression}/{path.name}")
    return done


def _units(seed: int, person: int, expression: str) -> ActionUnits:
    return action_units(expression, np.random.default_rng([seed, person, _EXPRESSION_STREAM]))


def _draw(portrait: Portrait, units: ActionUnits, size: int) -> NDArray[np.uint8]:
    # Small pictures are drawn finer and averaged, so that thin lines keep their share of each pixel.
    # Bands bound the memory: a band's arrays take some 30 MB, whatever the size of the picture.
    fine = max(1, -(-_FINE_SIZE // size))
    rows = max(1, _BAND_PIXELS // (size * fine * fine))
    image = np.empty((3, size, size), dtype=np.uint8)
    for start in range(0, size, rows):
        stop = min(start + rows, size)
        band = portrait.paint(units, size * fine, slice(start * fine, stop * fine))
        squares = band.reshape(3, stop - start, fine, size, fine)
        image[:, start:stop] = np.rint(squares.mean(axis=(2, 4)))
    return image


def _save(image: NDArray[np.uint8], path: Path) -> None:
    try:
        with whole_file(path) as file:
            Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0))).save(file, "PNG")
    except OSError as error:
        raise ImageError(
            f"{path} cannot be written ({error.strerror or error}): expected a folder with room and the right to "
            "write; free space or choose another folder"
        ) from error


def _check_numbers(size: int, seed: int) -> None:
    if not SMALLEST <= size <= LARGEST:
        raise BadParameterError(
            f"size {size} cannot be drawn: expected {SMALLEST} to {LARGEST} pixels; choose a size in this range"
        )
    if seed < 0:
        raise BadParameterError(f"seed {seed} cannot be used: expected a number from 0 on; leave out the minus")
