"""Facts without which a measurement means nothing: the machine, its limits, and the versions that were run."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from fesdist.ground.revision import revision
from tests.benchmarks.limits import Limits

PACKAGES = ("numpy", "scipy", "numba", "zarr", "dask", "distributed")


def facts(limits: Limits) -> dict[str, Any]:
    """Return plain JSON values that tell when, where and with what the rows were measured."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": psutil.virtual_memory().total,
        "load_before": os.getloadavg()[0],
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "versions": {"fesdist": revision(), **{package: version(package) for package in PACKAGES}},
        "float32_gemm_flops_a_core": limits.float32_flops,
        "float64_gemm_flops_a_core": limits.float64_flops,
        "memory_bytes_a_second": limits.memory_bytes,
        "disk_bytes_a_second": limits.disk_bytes,
    }


def in_words(machine: dict[str, Any]) -> str:
    """Return the facts that a reader of the table needs."""
    return (
        f"{machine['processor']}, {machine['cores']} cores, load {machine['load_before']:.1f} before the run\n"
        f"one core: {machine['float32_gemm_flops_a_core'] / 1e9:.0f} Gflop/s float32, "
        f"{machine['float64_gemm_flops_a_core'] / 1e9:.0f} Gflop/s float64 (matrix products); "
        f"memory {machine['memory_bytes_a_second'] / 1e9:.1f} GB/s; "
        f"disk {machine['disk_bytes_a_second'] / 1e9:.1f} GB/s"
    )


def processor() -> str:
    """Return the model's name as Linux tells it, elsewhere what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
