"""Texts that mean sizes, limits, the places of eyes, and mixtures."""

from __future__ import annotations

import math
import re

from fesdist.ground.errors import BadParameterError

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
MOST_MEGAPIXELS = 1e12
"""More than any photograph has, so that the pixels can be counted."""


def byte_size(text: str) -> int:
    """Return the bytes that a text such as 512MiB or 1.5GB names; raises BadParameterError."""
    match = re.fullmatch(r"([\d.]+)\s*([A-Za-z]*)", text.strip())
    try:
        if match and (n_bytes := int(float(match[1]) * _UNITS[match[2].upper()])) > 0:
            return n_bytes
    except (ValueError, KeyError, OverflowError):
        pass
    raise BadParameterError(f"{text!r} is no size; expected for instance 512MiB or 2GB")


def megapixels(text: str) -> float:
    """Return a number of megapixels; raises BadParameterError for less than a pixel or more than `MOST_MEGAPIXELS`."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 1e-6 <= number <= MOST_MEGAPIXELS:
        raise BadParameterError(f"{text!r} is no limit; expected megapixels such as 64")
    return number


def eye_places(text: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the eyes of a text such as 0.345,0.36,0.655,0.36; raises BadParameterError."""
    try:
        left_x, left_y, right_x, right_y = (float(part) for part in text.split(","))
    except ValueError:
        raise BadParameterError(
            f"{text!r} is no place of two eyes; expected X,Y,X,Y as fractions of width and height, the eye on the left "
            "of the image first, such as 0.345,0.36,0.655,0.36"
        ) from None
    return (left_x, left_y), (right_x, right_y)


def mixture(text: str) -> dict[str, float]:
    """Return the weights of a text such as smiling=0.7,surprised=0.3, by expression; raises BadParameterError."""
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, equals, weight = part.strip().rpartition("=")
        try:
            value = float(weight)
        except ValueError:
            value = math.nan
        if not (name and equals and math.isfinite(value)) or name in weights:
            raise BadParameterError(
                f"{text!r} is no mixture; expected different expressions with a number each, such as "
                "smiling=0.7,surprised=0.3"
            )
        weights[name] = value
    return weights


def image_size(text: str) -> tuple[int, int]:
    """Return rows and columns of a text such as 128 or 128x96; raises BadParameterError."""
    match = re.fullmatch(r"([1-9][0-9]{0,8})(?:x([1-9][0-9]{0,8}))?", text)
    if match is None:
        raise BadParameterError(f"{text!r} is no size; expected pixels such as 128, or ROWSxCOLS such as 128x96")
    return int(match[1]), int(match[2] or match[1])
