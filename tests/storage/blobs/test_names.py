"""Names that become parts of paths."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from storage.blobs.names import check_name
from storage.datasets.store import WeightStore
from storage.errors import BadNameError
from tests.storage.conftest import publish

TRICKS = ["../x", "a/b", "", ".", "..", ".hidden", "con\0", "a\\b", "a b", "a\n", "é", "x" * 101, "%2e%2e", "~", "a:b"]


@pytest.mark.parametrize("name", TRICKS)
def test_names_that_reach_out_of_their_folder_are_refused(name: str) -> None:
    with pytest.raises(BadNameError, match="expected 1 to 100 letters") as refusal:
        check_name("model", name)
    assert repr(name) in str(refusal.value)


@pytest.mark.parametrize("name", ["london", "MR-5x5_v2.1", "a" * 100, "_", "2026-11"])
def test_plain_names_are_kept(name: str) -> None:
    assert check_name("model", name) == name


def test_models_and_aliases_are_no_numbers() -> None:
    for kind in ("model", "alias"):
        with pytest.raises(BadNameError, match="as version numbers do; add a letter"):
            check_name(kind, "12")
    assert check_name("draft", "12") == "12"


def test_expressions_are_no_labels() -> None:
    for name in ("subject", "holdout", "flows", "zarr.json"):
        with pytest.raises(BadNameError, match=r"a stack keeps other things in subject, holdout, flows, zarr\.json;"):
            check_name("expression", name)


@pytest.mark.parametrize("name", TRICKS)
def test_every_method_of_the_store_checks_its_names(store: WeightStore, name: str) -> None:
    publish(store, "london", "draft")
    calls: list[Callable[[], object]] = [
        lambda: store.versions(name),
        lambda: store.resolve(f"{name}@1"),
        lambda: store.resolve(f"london@{name}"),
        lambda: store.open_draft("london", name),
        lambda: store.open_draft(name, "draft"),
        lambda: store.drafts(name),
        lambda: store.clean(name),
        lambda: store.published_with("london", name),
        lambda: store.aliases(name).promote(1, "production"),
        lambda: store.aliases("london").promote(1, name),
        lambda: store.evaluations("london", 1).put(name, {}),
        lambda: store.aliases("london").rollback(name),
        lambda: store.aliases("london").readable_history(name),
        lambda: store.evaluations(name, 1),
    ]
    for call in calls:
        with pytest.raises(BadNameError):
            call()
