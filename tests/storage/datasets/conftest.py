"""A draft that tests fill."""

from __future__ import annotations

import pytest

from storage.datasets.draft import WeightDraft
from storage.datasets.store import WeightStore
from tests.drafts import create_draft
from tests.storage.conftest import WEIGHTS


@pytest.fixture
def draft(store: WeightStore) -> WeightDraft:
    return create_draft(store, "london", "job-0", WEIGHTS, {"tiles": 4})
