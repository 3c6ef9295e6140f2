"""The revision of the code itself: its version, and a digest of its sources, which change without a new version."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("fesdist", "storage")
"""What the bits of weights depend on; flows only call it."""


@cache
def revision() -> str:
    """Return the version and eight hexadecimal digits of the sources that this process sees, "0.3.0+a1b2c3d4".

    Equal revisions mean equal code: a client and its workers must have the same, and a draft is continued only by the
    revision that began it.
    """
    return f"{version('fesdist')}+{digest_of(Path(__file__).parents[2], PACKAGES)}"


def digest_of(root: Path, packages: tuple[str, ...]) -> str:
    """Return eight hexadecimal digits of the names and contents of all Python files of `packages` below `root`."""
    digest = hashlib.sha256()
    for path in sorted(path for package in packages for path in (root / package).rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:8]
