"""Where numba keeps compiled kernels between runs.

numba recompiles a function when its own file changes, but not when a file does that it inlines from. So the compiled
code is kept in a folder named by the contents of all rooms with kernels, unless NUMBA_CACHE_DIR names another.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import numba

_PACKAGE = Path(__file__).parent.parent


def keep_compiled_kernels() -> None:
    """Tell numba where to keep what it compiles; to be called before the first kernel is defined."""
    config: Any = numba.config
    if not config.CACHE_DIR:
        config.CACHE_DIR = str(_cache_folder())


def _cache_folder() -> Path:
    sources = sorted(
        (*_PACKAGE.glob("simd/*.py"), *_PACKAGE.glob("shape/kernels.py"), *_PACKAGE.glob("families/*/kernels/*.py"))
    )
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fesdist" / f"kernels-{digest}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a home that cannot be written, as in some containers; a fresh folder is nobody else's
        return Path(tempfile.mkdtemp(prefix="fesdist-kernels-"))
    return folder
