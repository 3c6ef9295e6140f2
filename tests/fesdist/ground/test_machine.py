"""Cores and memory as containers grant them, from files as Linux has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fesdist.ground import machine

V2 = {"proc/self/cgroup": "0::/system/job\n"}
V1 = {"proc/self/cgroup": "5:cpu,cpuacct:/docker/ab\n4:memory:/docker/ab\n"}
CASES = [
    ({}, 64, None),
    (V2 | {"sys/fs/cgroup/system/job/cpu.max": "max 100000"}, 64, None),
    (V2 | {"sys/fs/cgroup/system/job/cpu.max": "250000 100000"}, 3, None),
    (V2 | {"sys/fs/cgroup/system/job/cpu.max": "max 100000", "sys/fs/cgroup/system/cpu.max": "10000 100000"}, 1, None),
    (V2 | {"sys/fs/cgroup/system/memory.max": "3000", "sys/fs/cgroup/system/job/memory.max": "max"}, 64, 3000),
    (V1 | {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"}, 2, None),
    (V1 | {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"}, 64, None),
    (V1 | {"sys/fs/cgroup/memory/docker/ab/memory.limit_in_bytes": "4000"}, 64, 4000),
    (V1 | {"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712"}, 64, None),
]


@pytest.mark.parametrize(("files", "cores", "memory"), CASES)
def test_what_control_groups_grant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], cores: int, memory: int | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 1 << 40, "SC_PAGE_SIZE": 1}.__getitem__)
    assert machine.cores(tmp_path) == cores
    assert machine.memory(tmp_path) == (memory or 1 << 40)


def test_a_system_without_affinity_or_control_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(os, "sysconf")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert machine.cores(tmp_path) == 3
    assert machine.memory(tmp_path) is None
