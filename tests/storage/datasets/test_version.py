"""Reading a version: with checks through fesdist, and without fesdist at all."""

from __future__ import annotations

import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from storage.datasets.spec import ArraySpec, DatasetSpec
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from storage.errors import CorruptChunkError, FormatError, MismatchError, NotFoundError
from tests.drafts import create_draft
from tests.storage.conftest import FACTS, WEIGHTS, publish, weights


@pytest.fixture
def version(store: WeightStore) -> WeightVersion:
    publish(store, "london", "job")
    return store.open("london")


@pytest.fixture
def data(store: WeightStore, version: WeightVersion) -> Path:
    return Path(store.uri) / "london" / version.manifest.data


def test_weights_come_back_as_they_were_written(version: WeightVersion) -> None:
    np.testing.assert_array_equal(version.read("smiling", "weights"), weights())
    region = (slice(1, 2), slice(None), slice(3, 19), slice(10, None))
    np.testing.assert_array_equal(version.read("smiling", "weights", region), weights()[region])
    assert version.read("sad", "dcol").tolist() == [-1, 0, 1]
    assert version.attributes == WEIGHTS.attributes
    assert version.expressions == ("sad", "smiling")
    assert version.group["sad"].attrs.asdict() == {}
    assert version.verify() == []


def test_a_flipped_bit_is_an_error_that_names_chunk_and_version(version: WeightVersion, data: Path) -> None:
    chunk = data / "smiling/weights/c/0/0/1/0"
    content = bytearray(chunk.read_bytes())
    content[100] ^= 1
    chunk.write_bytes(content)
    with pytest.raises(CorruptChunkError, match="version london@1: chunk smiling/weights/c/0/0/1/0 does not match"):
        version.read("smiling", "weights")
    upper = version.read("smiling", "weights", (slice(None), slice(None), slice(0, 16), slice(None)))
    np.testing.assert_array_equal(upper, weights()[:, :, :16])
    with pytest.raises(CorruptChunkError):
        version.group["smiling/weights"][:]  # type: ignore[index]
    assert version.verify() == ["smiling/weights/c/0/0/1/0"]


def test_a_missing_chunk_is_not_zeros(version: WeightVersion, data: Path) -> None:
    (data / "sad/status/c/0/0/1").unlink()
    with pytest.raises(CorruptChunkError, match="chunk sad/status/c/0/0/1 is missing"):
        version.read("sad", "status")


def test_damaged_metadata_is_found(version: WeightVersion, data: Path) -> None:
    document = data / "sad/weights/zarr.json"
    document.write_text(document.read_text().replace("float32", "int32"))
    with pytest.raises(CorruptChunkError, match=r"chunk sad/weights/zarr\.json does not match"):
        version.read("sad", "weights")
    assert version.verify() == ["sad/weights/zarr.json"]


def test_a_manifest_without_data_is_told(version: WeightVersion, data: Path) -> None:
    shutil.rmtree(data)
    with pytest.raises(FormatError, match=r"version london@1 has a manifest, but no data at .*/london/data/job"):
        version.read("sad", "weights")


def test_unknown_arrays_and_regions(version: WeightVersion) -> None:
    with pytest.raises(NotFoundError, match="version london@1 has no group 'angry'; it has sad, smiling"):
        version.read("angry", "weights")
    with pytest.raises(NotFoundError, match="has no array sad/support; the group has dcol, drow, status, weights"):
        version.read("sad", "support")
    with pytest.raises(MismatchError, match="1 slices were given for an array of shape"):
        version.read("sad", "weights", (slice(0, 1),))


def test_a_version_cannot_be_written(version: WeightVersion) -> None:
    with pytest.raises(ValueError, match="read-only"):
        version.group["sad/weights"][0] = 0  # type: ignore[index]


def test_a_labelled_dataset(version: WeightVersion) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = version.to_xarray()
    assert dataset["weights"].dims == ("expression", "channel", "tap", "row", "col")
    np.testing.assert_array_equal(dataset["weights"].sel(expression="smiling").values, weights())
    assert dataset["dcol"].values.tolist() == [-1, 0, 1]
    assert dataset.attrs == WEIGHTS.attributes


def test_xarray_opens_an_expression_without_fesdist(version: WeightVersion, data: Path) -> None:
    xarray = pytest.importorskip("xarray")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = xarray.open_zarr(data, group="smiling", consolidated=False)
        assert dataset["weights"].attrs["description"] == "values"
        np.testing.assert_array_equal(dataset["weights"].values, weights())


def test_zarr_and_ten_lines_of_numpy_synthesize(store: WeightStore) -> None:
    """A version is applied knowing its documented format alone: a 3 x 3 window with a bias, one set a channel."""
    rng = np.random.default_rng(0)
    taps = [(drow, dcol) for drow in (-1, 0, 1) for dcol in (-1, 0, 1)]
    arrays = (
        ArraySpec("weights", ("channel", "tap", "row", "col"), (3, 9, 20, 24), (3, 9, 16, 16), "float32"),
        ArraySpec("bias", ("channel", "row", "col"), (3, 20, 24), (3, 16, 16), "float32"),
    )
    offsets = np.array(taps, np.int32).T
    spec = DatasetSpec({}, {"smiling": arrays}, {"drow": ("tap", offsets[0]), "dcol": ("tap", offsets[1])})
    draft = create_draft(store, "london", "job", spec, {})
    stored = {
        "weights": rng.normal(size=(3, 9, 20, 24)).astype("f4"),
        "bias": rng.normal(size=(3, 20, 24)).astype("f4"),
    }
    checksums: dict[str, str] = {}
    for name, values in stored.items():
        checksums |= draft.write("smiling", name, (slice(None),) * values.ndim, values)
    draft.publish(replace(FACTS, expressions=("smiling",)), checksums)
    face = rng.random((3, 20, 24))

    import json

    import zarr

    manifest = json.loads((Path(store.uri) / "london/versions/1.json").read_text())
    group = zarr.open_group(Path(store.uri) / "london" / manifest["data"] / "smiling", mode="r")
    field, bias = np.asarray(group["weights"]), np.asarray(group["bias"])
    padded = np.pad(face, ((0, 0), (1, 1), (1, 1)))
    smile = bias.astype(np.float64)
    for tap, (drow, dcol) in enumerate(zip(np.asarray(group["drow"]), np.asarray(group["dcol"]), strict=True)):
        smile += field[:, tap] * padded[:, 1 + drow : 21 + drow, 1 + dcol : 25 + dcol]

    expected = np.zeros((3, 20, 24))
    for row in range(20):
        for col in range(24):
            for tap, (drow, dcol) in enumerate(taps):
                if 0 <= row + drow < 20 and 0 <= col + dcol < 24:
                    expected[:, row, col] += stored["weights"][:, tap, row, col] * face[:, row + drow, col + dcol]
    np.testing.assert_allclose(smile, expected + stored["bias"], rtol=1e-12, atol=1e-12)
