"""Documents look as Python's own `json` writes them in lines, as earlier releases did."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.blobs.documents import encode
from storage.errors import MismatchError

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_VALUES)
def test_a_document_is_json_in_lines(value: Any) -> None:
    assert encode(value, "a value") == json.dumps(value, indent=1, sort_keys=True).encode()


@pytest.mark.parametrize("value", [{"stack": "f\udce4ces.zarr"}, {"f\udce4ces.zarr": 1}, ["\udcff"]])
def test_a_name_that_is_no_text_is_refused_by_name(value: Any) -> None:
    """As no reader of ours would take it for JSON."""
    with pytest.raises(
        MismatchError, match=r'a value cannot be written as JSON: "[^"]*\\udc.{2}[^"]*", in it, .* rename it'
    ):
        encode(value, "a value")
