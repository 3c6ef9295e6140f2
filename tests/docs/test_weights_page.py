"""What the page on the weight store says is right: its examples, run as they stand, and its numbers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import xxhash
import zarr

import fesdist as fd
from fesdist.inference.loaded import LoadedVersion
from storage.datasets import manifest
from storage.datasets.store import WeightStore
from storage.errors import FormatError
from tests.conftest import REPOSITORY
from tests.fesdist.evaluation.small_store import make_stack
from tests.fesdist.inference.conftest import Publish, publish
from tests.fesdist.shape.pictures import rough_displacement

__all__ = ["publish"]

PAGE = REPOSITORY / "docs" / "formats" / "weights.md"
SHAPE = (24, 20)


def _example(beginning: str) -> str:
    """Return the one example of the page that begins so."""
    page = PAGE.read_text(encoding="utf-8")
    (example,) = re.findall(rf"^```python\n({re.escape(beginning)}.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return str(example)


def _number(store: str, version: int) -> int:
    document = json.loads((Path(store) / "london" / "versions" / f"{version}.json").read_text())
    return int(document["format_version"])


@pytest.mark.parametrize("colour", ["shared", "per-channel", "gray"])
def test_zarr_and_numpy_alone_apply_windows_and_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, colour: Literal["shared", "per-channel", "gray"]
) -> None:
    monkeypatch.chdir(tmp_path)
    stack = make_stack(tmp_path / "stack.zarr")
    options: Any = {"colour": colour, "ridge": 0.4, "shape": "no", "workers": 0}
    for model, mine in (("mr", {"window": 3}), ("pixel-kr", {})):
        fd.train(stack, "weights", "london", model=model, **mine, **options)
    byte_face = np.random.default_rng(0).integers(0, 256, (3, *SHAPE), dtype=np.uint8)
    for number, (beginning, face) in enumerate(
        (("group = zarr.open_group", byte_face / 255), ("table, (rows, cols)", byte_face)), 1
    ):
        version = fd.open("weights", f"london@{number}")
        data = f"weights/london/{version.version.manifest.data}/smiling"
        names: dict[str, Any] = {"np": np, "zarr": zarr, "face": face, "group": zarr.open_group(data, mode="r")}
        exec(_example(beginning).replace("weights/london/data/<draft id>/smiling", data), names)
        outputs = version.synthesize(byte_face[None], "smiling", refine="none")[0]
        np.testing.assert_allclose(np.clip(names["smile"], 0, 1), outputs, atol=1e-5)


def test_numpy_alone_moves_a_photograph(publish: Publish) -> None:
    # Beyond the edges and beyond a byte's range as well.
    published = publish(displacement=rough_displacement(SHAPE, 6.0).values)
    face = np.where(np.random.default_rng(0).random((3, *SHAPE)) < 0.5, 0, 255).astype(np.uint8)
    group = zarr.open_group(f"{published.store}/london/{published.version.manifest.data}/smiling", mode="r")
    names: dict[str, Any] = {"np": np, "group": group, "face": face}
    exec(_example("u = np.asarray"), names)
    assert np.array_equal(names["moved"], LoadedVersion(published.version).moved(face[None], "smiling")[0])


def test_new_versions_have_the_newest_number_with_a_shape_or_without(publish: Publish) -> None:
    flat, shaped = publish(), publish(seed=1, displacement=rough_displacement(SHAPE, 1.0).values)
    assert (_number(flat.store, 1), _number(shaped.store, 2)) == (4, 4)
    assert flat.version.manifest.shape is None
    assert shaped.version.manifest.shape == {"smiling": {"people": 5}}


def test_who_knows_other_checksums_only_refuses_them(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    store = WeightStore(publish().store)
    monkeypatch.setattr(manifest, "FORMAT_VERSION", 3)
    with pytest.raises(FormatError, match="upgrade fesdist"):
        store.open("london@1")


def test_checksums_are_those_that_the_page_says(publish: Publish) -> None:
    published = publish()
    model = Path(published.store) / "london"
    found = json.loads((model / f"checksums/{published.version.manifest.checksums_digest}.json").read_text())
    data = model / published.version.manifest.data
    files = {path.relative_to(data).as_posix(): path for path in data.rglob("*") if path.is_file()}
    assert found == {key: xxhash.xxh128(path.read_bytes()).hexdigest() for key, path in files.items()}
