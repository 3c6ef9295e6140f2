"""Where numba keeps compiled kernels between runs: in a folder of this account's own, or nowhere; never in the way.

numba recompiles a function when its own file changes, but not when a file does that it inlines from. So the compiled
code is kept in a folder named by the contents of all rooms with kernels, unless NUMBA_CACHE_DIR names another.
"""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
from numba.core import dispatcher

from fesdist.simd.sealed import cache_of

LOGGER = logging.getLogger("fesdist.kernels")

_FORKED_FROM = "fesdist.cluster.forked_from"
_PACKAGE = Path(__file__).parent.parent


def keep_compiled_kernels() -> None:
    """Tell numba where to keep what it compiles; to be called before the first kernel is defined.

    Where that is not the usual place, a warning says so, once: processes that are started later find it by their
    environment. Nothing is raised, as kernels that are kept nowhere are compiled again.
    """
    dispatcher_module: Any = dispatcher
    if dispatcher_module.FunctionCache is cache_of:
        return
    dispatcher_module.FunctionCache = cache_of
    config: Any = numba.config
    usual, *others = _places()
    folder = next((place for place in (usual, *others) if _is_ours(place)), None)
    if folder != usual and _is_first():
        LOGGER.warning(
            "compiled kernels cannot be kept in %s, which this account does not own or may not write; they are %s",
            usual,
            f"kept in {folder}" if folder else "compiled again in every run",
        )
    if folder is not None:
        config.CACHE_DIR = str(folder)
        if folder != usual:
            os.environ["NUMBA_CACHE_DIR"] = str(folder)


def nothing_is_kept() -> bool:
    """Whether no kernel was ever compiled here, so that whichever is called next has to be."""
    config: Any = numba.config
    return not config.CACHE_DIR or next(Path(config.CACHE_DIR).glob("*/*.nbi"), None) is None


def _is_first() -> bool:
    """Whether this is no worker, nor the process that workers are forked from, which begins before its client knows."""
    return multiprocessing.parent_process() is None and _FORKED_FROM not in sys.modules


def _places() -> Iterator[Path]:
    """Yield the folders to try: the usual one first."""
    config: Any = numba.config
    if config.CACHE_DIR:
        yield Path(config.CACHE_DIR)
    sources = sorted(
        (*_PACKAGE.glob("simd/*.py"), *_PACKAGE.glob("shape/kernels.py"), *_PACKAGE.glob("families/*/kernels/*.py"))
    )
    name = f"kernels-{hashlib.sha256(b''.join(path.read_bytes() for path in sources)).hexdigest()[:16]}"
    yield Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "fesdist" / name
    with suppress(OSError):  # no folder of temporary files can be written
        yield Path(tempfile.gettempdir()) / f"fesdist-{os.geteuid()}-{name}"


def _is_ours(folder: Path) -> bool:
    """Whether `folder`, made if it is missing, takes files, and nobody else can put any there: they are executed."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        tempfile.TemporaryFile(dir=folder).close()
        found = folder.lstat()
    except OSError:
        return False
    if str(folder) == os.environ.get("NUMBA_CACHE_DIR"):
        return True  # whoever names a folder answers for it
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
