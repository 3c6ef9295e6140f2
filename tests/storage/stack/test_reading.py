"""Reading a stack: samples, regions, fingerprints, and what is refused."""

from __future__ import annotations

import json
import shutil
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.blobs.guard import GuardedStore
from storage.blobs.local import LocalLocation
from storage.blobs.location import open_location
from storage.errors import FormatError, MismatchError, NotFoundError, StorageError
from storage.stack.format import StackSpec
from storage.stack.reading import TrainingStack
from storage.stack.writer import PendingSubject, StackWriter
from tests.storage.conftest import SPEC, image, person

WHOLE = slice(0, 20), slice(0, 24)


@pytest.fixture
def stack(stack_path: Path) -> TrainingStack:
    return TrainingStack.open(stack_path)


def edit(stack_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the attribute that holds the truth about a stack."""
    document = json.loads((stack_path / "zarr.json").read_text())
    change(document["attributes"]["fesdist_stack"])
    (stack_path / "zarr.json").write_text(json.dumps(document))


def test_a_stack_describes_itself(stack: TrainingStack, stack_path: Path) -> None:
    assert stack.path == str(stack_path)
    assert stack.spec == SPEC
    assert (stack.image_shape, stack.channels, stack.dtype.name) == ((20, 24), 3, "uint8")
    assert (stack.expressions, stack.targets) == (("neutral", "smiling"), ("smiling",))
    assert stack.n_samples == 10


def test_samples_have_input_and_expression(stack: TrainingStack) -> None:
    assert stack.samples("smiling").tolist() == [0, 2, 5, 6, 7, 8, 9]
    assert stack.samples("smiling", "holdout").tolist() == [1, 4]
    assert stack.samples("smiling", "all").tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert stack.samples("neutral", "all").dtype == np.int64


def test_a_stack_that_keeps_chunks_reads_the_same_and_each_of_them_once(
    stack: TrainingStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    regions = [([0, 2, 4, 5, 9], slice(3, 20), slice(0, 7)), ([2, 4], slice(0, 20), slice(5, 24)), ([9], *WHOLE)]
    expected = [stack.read("neutral", *region) for region in regions]
    kept, asked, checked = stack.keeping(1 << 20), Counter[str](), GuardedStore.checked

    def counting(store: GuardedStore, key: str) -> bytes | None:
        asked[key] += 1
        return checked(store, key)

    monkeypatch.setattr(GuardedStore, "checked", counting)
    for _ in range(2):
        for region, images in zip(regions, expected, strict=True):
            np.testing.assert_array_equal(kept.read("neutral", *region), images)
    assert {count for key, count in asked.items() if "/c/" in key} == {1}


@pytest.mark.parametrize("samples", [[0], [0, 1, 2], [0, 2, 4, 5, 9], [9], []])
def test_any_samples_of_any_region(stack: TrainingStack, samples: list[int]) -> None:
    found = stack.read("neutral", samples, slice(3, 20), slice(0, 7))
    assert found.shape == (len(samples), 3, 17, 7)
    for index, sample in enumerate(samples):
        np.testing.assert_array_equal(found[index], person(sample, "neutral").images["neutral"][:, 3:20, 0:7])


@pytest.mark.parametrize(
    ("samples", "rows", "message"),
    [
        ([0, 10], slice(0, 20), r"samples \[ 0 10\] were asked for; .* has the samples 0 to 9"),
        ([-1], slice(0, 20), "has the samples 0 to 9"),
        ([2, 1], slice(0, 20), "expected ascending indices, each once"),
        ([1, 1], slice(0, 20), "expected ascending indices, each once"),
        ([0], slice(0, 21), "of dimension 0, which has the length 20"),
        ([2, 3], slice(0, 20), "1 of the samples asked for have no 'smiling' in .*, the first is subject '003'"),
    ],
)
def test_what_is_not_there_is_not_read(stack: TrainingStack, samples: list[int], rows: slice, message: str) -> None:
    with pytest.raises(MismatchError, match=message):
        stack.read("smiling", samples, rows, slice(0, 24))


def test_unknown_expressions_and_splits(stack: TrainingStack) -> None:
    for call in (stack.samples, lambda name: stack.fingerprint([name], [0])):
        with pytest.raises(NotFoundError, match="has no expression 'sad'; it has neutral, smiling"):
            call("sad")
    with pytest.raises(MismatchError, match="split 'test' was asked for; expected \"train\""):
        stack.samples("smiling", "test")  # type: ignore[arg-type]


def test_the_fingerprint_tells_images_people_and_order_apart(stack: TrainingStack, tmp_path: Path) -> None:
    with StackWriter.create(tmp_path / "others", SPEC) as writer:
        changed = person(2, "neutral", "smiling")
        images = {**changed.images, "smiling": image(99)}
        writer.append([person(0, "neutral", "smiling"), person(1, "neutral"), PendingSubject("002", images)])
    other = TrainingStack.open(tmp_path / "others")
    prints = [
        stack.fingerprint(["neutral", "smiling"], [0, 2]),
        stack.fingerprint(["neutral", "smiling"], [0, 5]),
        stack.fingerprint(["neutral", "smiling"], [0]),
        stack.fingerprint(["neutral"], [0, 2]),
        other.fingerprint(["neutral", "smiling"], [0, 2]),
    ]
    assert len(set(prints)) == len(prints)
    assert stack.fingerprint(["neutral", "smiling"], [0]) == other.fingerprint(["neutral", "smiling"], np.array([0]))


def test_the_fingerprint_does_not_depend_on_later_people(stack: TrainingStack, stack_path: Path) -> None:
    with StackWriter.open(stack_path) as writer:
        writer.append([person(11, "neutral", "sad")])
    assert TrainingStack.open(stack_path).fingerprint(["neutral", "smiling"], [0, 2]) == stack.fingerprint(
        ["neutral", "smiling"], [0, 2]
    )


def test_newer_formats_are_refused_by_both_versions(stack_path: Path) -> None:
    edit(stack_path, lambda truth: truth.update(format_version=7))
    message = r"stack .* has format version 7, but this fesdist reads fesdist-stack up to version 2: upgrade fesdist"
    with pytest.raises(FormatError, match=message):
        TrainingStack.open(stack_path)
    with pytest.raises(FormatError, match=message):
        StackWriter.open(stack_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda truth: truth.pop("spec"), "was damaged: a part is missing"),
        (lambda truth: truth["spec"].update(height="3"), r"Expected `int`, got `str` - at `\$\.spec\.height`; it was"),
        (lambda truth: truth["spec"].update(height=0), "images of 0 x 24 pixels were given; expected 1 to 65536"),
        (lambda truth: truth.update(format="photographs"), "has the format 'photographs'; expected 'fesdist-stack'"),
        (lambda truth: truth.update(format_version="1"), "has the format version '1'; expected a number from 1 to 2"),
    ],
)
def test_damaged_descriptions_are_told(
    stack_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    edit(stack_path, change)
    with pytest.raises(FormatError, match=message):
        TrainingStack.open(stack_path)


def test_other_folders_are_no_stacks(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"there is no training stack in .*: ingest photographs into it first"):
        TrainingStack.open(tmp_path)
    (tmp_path / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group", "attributes": {}}')
    with pytest.raises(FormatError, match="is a Zarr group but no training stack"):
        TrainingStack.open(tmp_path)
    (tmp_path / "zarr.json").write_text("{")
    with pytest.raises(FormatError, match="is no JSON"):
        TrainingStack.open(tmp_path)


def test_what_is_in_the_place_of_a_stack_is_told(tmp_path: Path) -> None:
    expected = "expected the folder, or the prefix of a bucket, that `fesdist ingest` wrote to"
    (tmp_path / "photos").mkdir()
    for name in ("anna.jpg", "ben.jpg"):
        (tmp_path / "photos" / name).touch()
    with pytest.raises(NotFoundError) as error:
        TrainingStack.open(tmp_path / "photos")
    assert str(error.value) == (f"{tmp_path / 'photos'} is no training stack: it holds anna.jpg, ben.jpg; {expected}")
    for name in ("carl.jpg", "dora.jpg"):
        (tmp_path / "photos" / name).touch()
    with pytest.raises(NotFoundError, match=r": it holds anna.jpg, ben.jpg, carl.jpg, \.\.\.; expected"):
        TrainingStack.open(tmp_path / "photos")
    with pytest.raises(NotFoundError) as error:
        TrainingStack.open(tmp_path / "photos" / "anna.jpg")
    assert str(error.value) == f"{tmp_path / 'photos' / 'anna.jpg'} is a file, and no training stack; {expected}"


def test_a_missing_array_is_told(stack: TrainingStack, stack_path: Path) -> None:
    shutil.rmtree(stack_path / "smiling")
    with pytest.raises(FormatError, match=r"array 'smiling' of .* is missing: the stack was damaged"):
        stack.read("smiling", [0], slice(0, 20), slice(0, 24))


def test_a_lost_chunk_is_an_error_and_not_zeros(stack_path: Path) -> None:
    chunk = next(path for path in sorted((stack_path / "neutral" / "c").rglob("*")) if path.is_file())
    chunk.unlink()
    with pytest.raises(FormatError, match=r"chunk neutral/c/.* is missing: the stack was damaged"):
        TrainingStack.open(stack_path).read("neutral", [0], slice(0, 20), slice(0, 24))


def test_xarray_opens_a_stack_without_fesdist(stack_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = xarray.open_zarr(stack_path, consolidated=False)
        assert dataset["smiling"].dims == ("sample", "channel", "row", "col")
        assert dataset["subject"].values.tolist() == [f"{number:03d}" for number in range(10)]
        assert np.flatnonzero(dataset["holdout"].values).tolist() == [1, 4]
        np.testing.assert_array_equal(dataset["neutral"][7].values, person(7, "neutral").images["neutral"])


def test_a_labelled_dataset(stack: TrainingStack) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = stack.to_xarray()
        smile = dataset["smiling"].set_xindex("subject").sel(subject="005")
        np.testing.assert_array_equal(smile.values, person(5, "smiling").images["smiling"])
        assert dataset["holdout"].values.sum() == 2


def test_an_empty_stack_is_a_stack(tmp_path: Path) -> None:
    StackWriter.create(tmp_path / "faces", SPEC).close()
    stack = TrainingStack.open(tmp_path / "faces")
    assert (stack.n_samples, stack.expressions, stack.samples("neutral").tolist()) == (0, ("neutral",), [])
    assert stack.read("neutral", [], slice(0, 20), slice(0, 24)).shape == (0, 3, 20, 24)
    assert dict(stack.to_xarray().sizes) == {"sample": 0}


def test_opening_and_reading_take_a_look_at_each_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [PendingSubject(f"{i}", {"neutral": image(i, (3, 128, 128))}) for i in range(64)]
    with StackWriter.create(tmp_path / "faces", StackSpec(128, 128, 3, "uint8", "none")) as writer:
        writer.append(people)
    read, counted = LocalLocation.read, Counter[str]()

    def counting(location: LocalLocation, key: str, most: int) -> bytes:
        counted[key] += 1
        return read(location, key, most)

    monkeypatch.setattr(LocalLocation, "read", counting)
    stack = TrainingStack.open(tmp_path / "faces")
    for _ in range(2):
        stack.read("neutral", range(64), slice(0, 128), slice(0, 128))
    chunks = {f"neutral/c/0/0/{row}/{col}": 2 for row in (0, 1) for col in (0, 1)}
    assert counted == {"zarr.json": 1, "neutral/zarr.json": 1, **chunks}


def test_images_are_verified_by_their_digests(stack_path: Path) -> None:
    seen: list[tuple[str, str]] = []
    assert TrainingStack.open(stack_path).verify(lambda *image: seen.append(image)) == []
    assert len(seen) == 19
    edit(stack_path, lambda truth: truth["subjects"][4]["digests"].update(smiling="0" * 64))
    assert TrainingStack.open(stack_path).verify() == ["smiling of 004: its pixels, in smiling/c/0/0/0/0, were changed"]
    next(path for path in (stack_path / "neutral/c").rglob("*") if path.is_file()).unlink()
    faults = TrainingStack.open(stack_path).verify()
    assert len(faults) == 11
    assert "chunk neutral/c/0/0/0/0 of" in faults[0]


def test_a_stack_in_a_bucket_is_read(stack_path: Path, s3_uri: str) -> None:
    location = open_location(s3_uri)
    for path in stack_path.rglob("*"):
        if path.is_file():
            location.write(str(path.relative_to(stack_path)), path.read_bytes())
    stack = TrainingStack.open(s3_uri)
    assert stack.path == s3_uri
    np.testing.assert_array_equal(
        stack.read("smiling", [0, 2], slice(3, 20), slice(0, 7)),
        TrainingStack.open(stack_path).read("smiling", [0, 2], slice(3, 20), slice(0, 7)),
    )
    assert stack.verify() == []
    assert stack.to_xarray()["neutral"].to_numpy().shape == (10, 3, 20, 24)


def test_an_address_that_lost_a_slash_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StorageError, match="has lost a slash: expected a folder"):
        StackWriter.create(Path("s3://faces/stack"), SPEC)
    assert list(tmp_path.iterdir()) == []
