"""Documents look as Python's own `json` writes them in lines, as earlier releases did."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from storage.blobs.documents import encode

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_VALUES)
def test_a_document_is_json_in_lines(value: Any) -> None:
    assert encode(value, "a value") == json.dumps(value, indent=1, sort_keys=True).encode()
