"""What comparisons measured, and the bytes of arrays, in folders and in buckets."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.datasets.store import WeightStore
from storage.errors import BadNameError, FormatError
from tests.storage.conftest import publish


def test_a_record_is_kept_by_its_key_and_replaced(store: WeightStore) -> None:
    assert store.comparisons("london").get("aaaa") is None
    store.comparisons("london").put("aaaa", {"seconds": 1.0})
    store.comparisons("london").put("bbbb", {"seconds": 2.0})
    store.comparisons("london").put("aaaa", {"seconds": 3.0})
    assert store.comparisons("london").get("aaaa") == {"seconds": 3.0}
    assert store.comparisons("london").get("bbbb") == {"seconds": 2.0}
    assert store.names() == []


def test_a_damaged_record_is_an_error_that_names_it(store: WeightStore) -> None:
    store.comparisons("london").put("aaaa", {})
    (Path(store.uri) / "london/comparisons/aaaa.json").write_text("{")
    with pytest.raises(FormatError, match=r"london/comparisons/aaaa.json in .* is no JSON"):
        store.comparisons("london").get("aaaa")


@pytest.mark.parametrize(("name", "key"), [("../london", "aaaa"), ("london", "../aaaa")])
def test_names_are_checked(store: WeightStore, name: str, key: str) -> None:
    with pytest.raises(BadNameError):
        store.comparisons(name).get(key)
    with pytest.raises(BadNameError):
        store.comparisons(name).put(key, {})


def test_the_bytes_of_an_array_are_those_of_its_files(store: WeightStore) -> None:
    publish(store, "london", "job")
    version = store.open("london")
    files = [file for file in Path(store.uri, "london/data/job/sad/status").rglob("*") if file.is_file()]
    assert len(files) == 5
    assert version.stored_bytes("sad", "status") == sum(file.stat().st_size for file in files)
    with pytest.raises(BadNameError):
        version.stored_bytes("sad", "../status")


@pytest.mark.slow
def test_records_and_bytes_in_a_bucket(s3_uri: str) -> None:
    store = WeightStore(s3_uri)
    publish(store, "london", "job")
    store.comparisons("london").put("aaaa", {"seconds": 1.0})
    assert store.comparisons("london").get("aaaa") == {"seconds": 1.0}
    assert store.comparisons("london").get("bbbb") is None
    assert store.open("london").stored_bytes("sad", "status") > 3 * 20 * 24
