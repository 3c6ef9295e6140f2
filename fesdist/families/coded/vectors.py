"""Images as vectors, by the colour mode of a model, and their inner products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.blocks import check_sets
from fesdist.families.common.layout import Array
from fesdist.ground.colour import Colour, to_gray

Floats = NDArray[np.float64]

PIXELS_AT_ONCE = 1024
"""Pixels of all images that are held in floating point at a time."""


def fitted_vectors(images: Array, colour: Colour) -> Array:
    """Return what each set of weights is fitted on, (set, vector, pixel), of images (sample, channel, row, col).

    Shared colour takes the channels of an image as vectors one after the other (Khan et al. 2020, eq. 16).
    """
    n_sets = colour.weight_channels(images.shape[1])
    return applied_vectors(to_gray(images) if colour is Colour.GRAY else images, n_sets)


def applied_vectors(images: Array, n_sets: int) -> Array:
    """Return what each set of weights is applied to, (set, vector, pixel), of images (sample, channel, row, col).

    A single set takes all channels as so many images, also where it was fitted on gray.
    """
    samples, channels, rows, cols = images.shape
    return by_set(images.reshape(samples, channels, rows * cols), n_sets)


def by_set(values: Array, n_sets: int) -> Array:
    """Return values (sample, channel, value) as (set, vector, value), one set for all channels or one for each."""
    samples, channels, length = values.shape
    check_sets(n_sets, channels)
    if n_sets == 1:
        return values.reshape(1, samples * channels, length)
    return values.transpose(1, 0, 2)


def by_image(values: Array, channels: int) -> Array:
    """Return values (set, vector, value) as (sample, channel, value), the inverse of `by_set`."""
    n_sets, n_vectors, length = values.shape
    if n_sets == 1:
        return values.reshape(n_vectors // channels, channels, length)
    return values.transpose(1, 0, 2)


def inner_products(left: Array, right: Array) -> Floats:
    """Return Σ_pixel left[i, pixel] × right[j, pixel], (i, j); exact whatever the order if both are integers.

    Products of uint8 are integers below 2¹⁶, and float64 adds integers without rounding up to 2⁵³.
    """
    products = np.zeros((len(left), len(right)))
    for start in range(0, left.shape[1], PIXELS_AT_ONCE):
        part = left[:, start : start + PIXELS_AT_ONCE].astype(np.float64)
        # The same array on both sides is recognised, and only half of the products are made.
        other = part if right is left else right[:, start : start + PIXELS_AT_ONCE].astype(np.float64)
        products += part @ other.T
    return products


def squared_norms(vectors: Array) -> Floats:
    """Return Σ_pixel vectors[i, pixel]², (i,); exact for uint8."""
    norms = np.zeros(len(vectors))
    for start in range(0, vectors.shape[1], PIXELS_AT_ONCE):
        part = vectors[:, start : start + PIXELS_AT_ONCE].astype(np.float64)
        norms += (part * part).sum(axis=1)
    return norms
