"""Listing stays cheap: manifests are small, and nobody reads the checksums of versions that are only listed."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from pathlib import Path

import msgspec
import pytest

from storage.blobs.documents import encode
from storage.blobs.local import LocalLocation
from storage.datasets.manifest import Manifest
from storage.datasets.store import WeightStore
from tests.storage.conftest import FACTS

N_VERSIONS = 200
N_CHUNKS = 15 * 32 * 32
"""Of 15 arrays of 2048 x 2048 pixels."""

CHECKSUMS = msgspec.json.encode({f"smiling/weights/c/0/0/{n // 32}/{n % 32}": "0" * 64 for n in range(N_CHUNKS)})


def write_versions(root: Path, format_version: int, n_versions: int) -> None:
    """Write manifests with as many checksums as a model of 2048 x 2048 pixels has, but no data."""
    (root / "london/versions").mkdir(parents=True)
    (root / "london/checksums").mkdir()
    people = tuple(f"person-{number:04d}" for number in range(500))
    given = {part.name: getattr(FACTS, part.name) for part in fields(FACTS)}
    for number in range(1, n_versions + 1):
        manifest = Manifest(
            **given,
            name="london",
            version=number,
            data=f"data/job-{number}",
            created="2026-01-01T00:00:00.000000+00:00",
            created_by="ann@example",
            checksums_digest="" if format_version == 1 else f"{number:064d}",
        )
        document = {part.name: getattr(manifest, part.name) for part in fields(manifest)}
        document |= {"format": "fesdist-weights", "format_version": format_version}
        document["stack"] = {"path": "faces", "fingerprint": "f" * 64, "subjects": {"smiling": people, "sad": people}}
        if format_version == 1:
            document["checksums"] = msgspec.Raw(CHECKSUMS)
            (root / f"london/versions/{number}.json").write_bytes(msgspec.json.encode(document))
        else:
            (root / f"london/versions/{number}.json").write_bytes(encode(document, "manifest"))
            (root / f"london/checksums/{number:064d}.json").write_bytes(CHECKSUMS)


@pytest.fixture
def read_bytes(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Return a count of the bytes read, by the folder of the document."""
    found: Counter[str] = Counter()
    read = LocalLocation.read

    def counting(location: LocalLocation, key: str, most: int = 1 << 31) -> bytes:
        data = read(location, key, most)
        found[key.split("/")[1]] += len(data)
        found["documents"] += 1
        return data

    monkeypatch.setattr(LocalLocation, "read", counting)
    return found


def test_listing_reads_small_manifests_only(tmp_path: Path, read_bytes: Counter[str]) -> None:
    write_versions(tmp_path, 2, N_VERSIONS)
    store = WeightStore(str(tmp_path))
    assert len(store.readable_versions("london")[0]) == N_VERSIONS
    assert read_bytes["documents"] == N_VERSIONS
    assert read_bytes["checksums"] == 0
    assert read_bytes["versions"] < 25_000 * N_VERSIONS
    assert len(CHECKSUMS) > 1_000_000


def test_opening_and_resolving_read_one_manifest(tmp_path: Path, read_bytes: Counter[str]) -> None:
    write_versions(tmp_path, 2, N_VERSIONS)
    store = WeightStore(str(tmp_path))
    assert store.resolve("london") == ("london", N_VERSIONS)
    assert read_bytes["documents"] == 0
    assert store.open("london@7").manifest.version == 7
    assert read_bytes["documents"] == 1
    assert store.published_with("london", "job-7") == [7]
    assert (read_bytes["documents"], read_bytes["checksums"]) == (1 + N_VERSIONS, 0)


def test_the_next_draft_is_found_reading_each_manifest_once(tmp_path: Path, read_bytes: Counter[str]) -> None:
    write_versions(tmp_path, 2, N_VERSIONS)
    assert WeightStore(str(tmp_path)).next_draft("london", "job").id == "job-0"
    assert read_bytes["documents"] == N_VERSIONS


def test_old_manifests_are_read_without_keeping_their_checksums(tmp_path: Path) -> None:
    write_versions(tmp_path, 1, 3)
    store = WeightStore(str(tmp_path))
    assert [manifest.checksums_digest for manifest in store.versions("london")] == ["", "", ""]
    assert len(store.open("london@2").checksums) == N_CHUNKS
