"""Small stacks and drafts, and an S3 server on the loopback."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray

from storage.datasets.draft import WeightDraft
from storage.datasets.manifest import Facts, ModelFacts, StackFacts
from storage.datasets.spec import ArraySpec, DatasetSpec
from storage.datasets.store import WeightStore
from storage.stack.format import StackSpec
from storage.stack.writer import PendingSubject, StackWriter
from tests.drafts import create_draft
from tests.objects.server import ObjectServer, object_server, variables
from tests.storage.places import BUCKET, KEYS, mounted, s3_server

SPEC = StackSpec(height=20, width=24, channels=3, dtype="uint8", normalisation="none")

WEIGHTS = DatasetSpec(
    attributes={"model": {"name": "mr", "parameters": {"ridge": 0.4}}},
    groups={
        expression: (
            ArraySpec("weights", ("channel", "tap", "row", "col"), (3, 3, 20, 24), (3, 3, 16, 16), "float32", "values"),
            ArraySpec("status", ("channel", "row", "col"), (3, 20, 24), (3, 16, 16), "uint8"),
        )
        for expression in ("sad", "smiling")
    },
    coordinates={"drow": ("tap", np.zeros(3, np.int32)), "dcol": ("tap", np.array([-1, 0, 1], np.int32))},
)

FACTS = Facts(
    code_version="0.1.0",
    model=ModelFacts("mr", {"ridge": 0.4}),
    colour="per-channel",
    image_shape=(20, 24),
    channels=3,
    expressions=("sad", "smiling"),
    stack=StackFacts("faces", "f" * 64, {"sad": ("ann",), "smiling": ("ann", "bob")}),
    metrics={"mse": 0.5},
    job_digest="0" * 64,
)


def image(seed: int, shape: tuple[int, ...] = SPEC.image_shape) -> NDArray[np.uint8]:
    """Return an image (channel, row, col) of random pixels."""
    return np.random.default_rng(seed).integers(1, 256, shape, dtype=np.uint8)


def person(number: int, *expressions: str) -> PendingSubject:
    """Return a person whose pixels follow from their number and the expression."""
    images = {expression: image(1000 * number + len(expression)) for expression in expressions}
    return PendingSubject(f"{number:03d}", images)


def weights(seed: int = 0) -> NDArray[np.float32]:
    """Return values for the array `weights` of `WEIGHTS`."""
    return np.random.default_rng(seed).normal(size=(3, 3, 20, 24)).astype(np.float32)


def fill(draft: WeightDraft, seed: int = 0) -> dict[str, str]:
    """Write all arrays of a draft and return the checksums of their chunks."""
    checksums: dict[str, str] = {}
    for expression in WEIGHTS.groups:
        checksums |= draft.write(expression, "weights", (slice(None),) * 4, weights(seed))
        checksums |= draft.write(expression, "status", (slice(None),) * 3, np.zeros((3, 20, 24), np.uint8))
    return checksums


def publish(store: WeightStore, name: str, draft_id: str, seed: int = 0) -> int:
    """Create, fill and publish a draft, and return the number of the version."""
    draft = create_draft(store, name, draft_id, WEIGHTS, {"seed": seed})
    return draft.publish(FACTS, fill(draft, seed))


@pytest.fixture(scope="module", autouse=True)
def _forked_from_until_the_end() -> Iterator[None]:
    """Have what a file's processes are forked from end with it: Python has one, and other files have their own."""
    server = forkserver._forkserver
    before = server._forkserver_pid
    yield
    if server._forkserver_pid not in (None, before):
        server._stop()


@pytest.fixture
def stack_path(tmp_path: Path) -> Path:
    """Return a stack of ten people, of whom number 3 has no smile and two are held out."""
    path = tmp_path / "faces"
    with StackWriter.create(path, SPEC) as writer:
        people = [person(number, "neutral", "smiling") for number in range(10)]
        people[3] = person(3, "neutral")
        writer.append(people)
        writer.assign_holdout(ids=["001", "004"])
    return path


@pytest.fixture
def store(tmp_path: Path) -> WeightStore:
    """Return an empty weight store in a folder that does not exist yet."""
    return WeightStore(str(tmp_path / "weights"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of 1 MB; only root may make one."""
    with mounted(tmp_path / "disk", 1 << 20) as made:
        if not made:
            pytest.skip("a small file system needs root and mount")
        yield tmp_path / "disk"


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Return the address of an S3 server on the loopback, with the bucket `faces`."""
    pytest.importorskip("moto.server", reason="moto[server] is not installed")
    pytest.importorskip("obstore", reason="obstore is not installed")
    pytest.importorskip("boto3", reason="boto3, which moto brings, is not installed")
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture
def s3_uri(s3_endpoint: str, tmp_path: Path) -> Iterator[str]:
    """Return an empty prefix on the test server, and point the AWS variables to that server."""
    with mock.patch.dict(os.environ, {**KEYS, "AWS_ENDPOINT_URL": s3_endpoint}):
        yield f"s3://{BUCKET}/{tmp_path.name}/weights"


@pytest.fixture
def objects() -> Iterator[ObjectServer]:
    """Return an object store in this process, to which the variables of all services point; its bucket is `faces`."""
    pytest.importorskip("obstore", reason="obstore is not installed")
    with object_server() as served:
        key = {"gcs_base_url": served.address, "disable_oauth": True}
        key |= dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
        given = {
            **variables(served.address),
            "GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(key),
            "GOOGLE_ALLOW_HTTP": "true",
            "AZURE_STORAGE_USE_EMULATOR": "true",
            "AZURITE_BLOB_STORAGE_URL": served.address,
            "AZURE_ALLOW_HTTP": "true",
        }
        with mock.patch.dict(os.environ, given):
            yield served
