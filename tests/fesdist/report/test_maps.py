"""Maps show what their captions say."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from numpy.typing import NDArray
from PIL import Image

from fesdist.report.gallery import Gallery
from fesdist.report.maps import MapFigure, error_maps, weight_maps
from storage.datasets.manifest import Facts, ModelFacts, StackFacts
from storage.datasets.spec import ArraySpec, DatasetSpec
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from tests.drafts import create_draft


def version_of(folder: Path, name: str, values: NDArray[Any], dims: tuple[str, ...]) -> WeightVersion:
    """Return a version with one array of one expression, smiling."""
    array = ArraySpec(name, dims, values.shape, values.shape, str(values.dtype))
    store = WeightStore(str(folder))
    draft = create_draft(store, "m", "d", DatasetSpec({}, {"smiling": (array,)}), {})
    checksums = draft.write("smiling", name, (slice(None),) * values.ndim, values)
    shape = (values.shape[-2], values.shape[-1])
    facts = Facts("", ModelFacts("", {}), "", shape, 3, ("smiling",), StackFacts("", "", {}), {}, "")
    draft.publish(facts, checksums)
    return store.open("m")


def colours_of(figure: MapFigure) -> NDArray[np.uint8]:
    """Return the palette indices of a map, (row, col): 1 to 255, 128 in the middle."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(figure.picture.uri.partition(",")[2]))))


def of_support(folder: Path) -> WeightVersion:
    """Return a version in which each pixel reads the one four columns further, and twice nothing."""
    rows, cols = np.mgrid[0:4, 0:8]
    support = np.full((1, 3, 4, 8), -1, np.int32)
    support[0, 0] = 8 * rows + (cols + 4) % 8
    return version_of(folder, "support", support, ("channel", "tap", "row", "col"))


def test_places_that_are_not_used_do_not_make_a_field_local(tmp_path: Path) -> None:
    (figure,) = weight_maps(of_support(tmp_path), "smiling")
    assert (figure.scale.high, figure.scale.unit) == ("4", "pixels, mean over the receptive field")


def test_the_arrays_of_an_expression_are_opened_once_for_all_maps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, arrays, opened = of_support(tmp_path), zarr.Group.arrays, []

    def counted(group: zarr.Group) -> Iterator[tuple[str, zarr.Array[Any]]]:
        opened.append(group.path)
        yield from arrays(group)

    monkeypatch.setattr(zarr.Group, "arrays", counted)
    assert len([*weight_maps(version, "smiling")]) == 1
    assert opened == ["smiling"]


@pytest.mark.parametrize(("one", "ends"), [(0.0, ("−1", "1")), (-0.5, ("−0.5", "0.5"))])
def test_nothing_has_the_colour_of_nothing_where_next_to_all_pixels_are_0(
    tmp_path: Path, one: float, ends: tuple[str, str]
) -> None:
    bias = np.zeros((1, 16, 32), np.float32)
    bias[0, 0, 0] = one
    (figure,) = weight_maps(version_of(tmp_path, "bias", bias, ("channel", "row", "col")), "smiling")
    assert (figure.scale.low, figure.scale.high) == ends
    colours = colours_of(figure)
    assert colours[0, 0] == (1 if one else 128)
    assert set(colours.ravel()[1:].tolist()) == {128}


def test_errors_of_a_photograph_that_is_its_own_target_have_a_scale() -> None:
    nothing = np.zeros((4, 8))
    gallery = Gallery("smiling", "holdout", 1, 0, (), nothing, nothing + 0.25)
    unchanged, model, gain = error_maps(gallery)
    assert (unchanged.scale.high, model.scale.high, gain.scale.high) == ("1", "1", "0.25")
    assert set(colours_of(unchanged).ravel().tolist()) == {1}
    assert set(colours_of(model).ravel().tolist()) == {1 + round(254 * 0.25)}
    assert set(colours_of(gain).ravel().tolist()) == {1}
