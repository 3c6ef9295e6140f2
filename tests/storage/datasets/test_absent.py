"""A place that is no weight store is told to be none, by whatever asks it for a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from storage.datasets.store import WeightStore
from storage.errors import AlreadyExistsError, NotFoundError
from tests.drafts import create_draft
from tests.objects.server import ObjectServer
from tests.storage.conftest import WEIGHTS, publish

ASKING: list[Callable[[WeightStore], object]] = [
    lambda store: store.check(),
    lambda store: store.open("m"),
    lambda store: store.resolve("m@production"),
    lambda store: store.aliases("m").promote(1, "production"),
    lambda store: store.aliases("m").rollback("production"),
    lambda store: store.evaluations("m", 1).put("a", {}),
    lambda store: store.delete("m", 1),
    lambda store: store.delete_model("m"),
    lambda store: store.delete_model("photos"),
]


def _refused(store: WeightStore, message: str) -> None:
    for ask in ASKING:
        with pytest.raises(NotFoundError, match=message):
            ask(store)


def test_a_folder_of_photographs_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/ann.jpg").write_bytes(b"")
    (tmp_path / "out").symlink_to("/")
    _refused(WeightStore(str(tmp_path)), "is no weight store: it holds out, photos, and no model; expected the folder")
    _refused(WeightStore(str(tmp_path / "photos")), "is no weight store: it holds ann.jpg, and no model")
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == ["out", "photos", "ann.jpg"]


def test_a_stack_is_no_store(stack_path: Path) -> None:
    _refused(WeightStore(str(stack_path)), f"is no weight store: .* of which `fesdist show {stack_path}` tells")


def test_nothing_is_no_store(store: WeightStore, objects: ObjectServer) -> None:
    _refused(store, f"there is no weight store in {store.uri}; expected the folder")
    _refused(WeightStore("s3://faces/typo"), "there is no weight store in s3://faces/typo; expected the folder")


def test_an_empty_folder_is_a_store_and_so_is_what_a_run_began(store: WeightStore) -> None:
    Path(store.uri).mkdir()
    store.check()
    with pytest.raises(NotFoundError, match="has no published model 'm'; its models: none"):
        store.open("m")
    create_draft(store, "london", "job-0", WEIGHTS, {})
    for _ in range(2):
        store.check()
        store.clean()
    publish(store, "london", "job-1")
    with pytest.raises(NotFoundError, match="has no published model 'm'; its models: london"):
        store.aliases("m").rollback("production")
    store.delete_model("london")
    store.check()


def test_no_weights_are_stored_in_a_stack(tmp_path: Path) -> None:
    (tmp_path / "stack").mkdir()
    (tmp_path / "stack/zarr.json").touch()
    stack, store = WeightStore(str(tmp_path / "stack")), WeightStore(str(tmp_path / "weights"))
    publish(store, "m", "d1")
    for fill in (lambda: stack.draft("m", "d1"), lambda: store.copy("m", stack)):
        with pytest.raises(AlreadyExistsError, match="stack holds a Zarr group, as training stacks do; expected"):
            fill()
    assert [path.name for path in (tmp_path / "stack").iterdir()] == ["zarr.json"]
