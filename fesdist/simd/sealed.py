"""Compiled kernels on a disk, each with its digest: one that is damaged, or cannot be kept, is compiled again.

numba's own cache raises for a file that was cut, for ever, and for a folder that cannot be written. What it would load
is machine code, so that a flipped bit were worse than an error.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import caching
from numba.core.runtime import nrt

from fesdist.simd.compiler import Lock, give_up, is_compiler
from fesdist.simd.compiling import compiled_elsewhere

_SEAL_BYTES = hashlib.sha256().digest_size


def cache_of(function: Callable[..., Any]) -> Any:
    """Return numba's cache for a function: ours for a kernel of ours, as numba makes it for any other."""
    if not function.__module__.startswith(f"{__name__.partition('.')[0]}."):
        return caching.FunctionCache(function)
    config: Any = numba.config
    if not config.CACHE_DIR:  # or numba would look for other folders, where anybody may have put something
        return caching.NullCache()
    try:
        return SealedCache(function)
    except (OSError, RuntimeError):  # numba found no folder that can be written
        return caching.NullCache()


class SealedCache(caching.FunctionCache):
    """numba's cache of a function, by which nothing ever fails."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        locator = self._impl.locator
        self._cache_file = _SealedFiles(self._cache_path, self._impl.filename_base, locator.get_source_stamp())
        self._lock = Lock(Path(self._cache_path) / f"{self._impl.filename_base}.lock")

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the kernel compiled for a signature, None where it has to be compiled here.

        One that is not kept is compiled by another process (`compiling`), if that is possible. A process that compiles
        locks it until it is kept, or finds it kept by then.
        """
        kept = self._kept(sig, target_context)
        if kept is not None:
            return kept
        if is_compiler():
            self._lock.take()
            kept = self._kept(sig, target_context)
            if kept is not None:
                self._lock.give_back()
        elif compiled_elsewhere(self._py_func, sig, lambda: self._kept(sig, target_context) is not None):
            kept = self._kept(sig, target_context)
        return kept

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled kernel, if that is possible."""
        try:
            super().save_overload(sig, data)
        except Exception:  # a full disk, a folder that went; the next run compiles it again
            if is_compiler():
                give_up()  # nobody would find what it compiles
            self.disable()
        self._lock.give_back()

    def _kept(self, sig: Any, target_context: Any) -> Any:
        """Return the kernel that is kept for a signature, None where there is none that can be used.

        What is kept needs numba's memory management and no more: all that compiling needs, which takes a fifth of a
        second to get ready, numba gets ready itself when a kernel is compiled.
        """
        try:
            nrt.rtsys.initialize(target_context)
            return self._load_overload(sig, target_context)
        except Exception:  # of another numba, another machine, or whatever the disk says
            return None


class _SealedFiles(caching.IndexDataCacheFile):
    """The files of a cache: an index of signatures and a file a signature, each ending in the digest of the rest."""

    def save(self, key: Any, data: Any) -> None:
        """Keep what was compiled with its signature, as another process may take the same name for another one."""
        super().save(key, (key, data))

    def load(self, key: Any) -> Any:
        """Return what was compiled for a signature, None where there is nothing."""
        kept, data = super().load(key) or (None, None)
        return data if kept == key else None

    def _dump(self, obj: Any) -> bytes:
        data: bytes = super()._dump(obj)
        return data + hashlib.sha256(data).digest()

    def _load_index(self) -> dict[Any, str]:
        try:
            with open(self._index_path, "rb") as file:
                version = pickle.load(file)
                stamp, names = pickle.loads(_opened(file.read()))
        except Exception:  # missing, damaged, or of another numba: begun anew
            return {}
        return names if (version, stamp) == (self._version, self._source_stamp) else {}

    def _load_data(self, name: str) -> Any:
        """Return what a file keeps; raises OSError where it is damaged, which numba takes for a missing one."""
        return pickle.loads(_opened(Path(self._data_path(name)).read_bytes()))


def _opened(sealed: bytes) -> bytes:
    data, seal = sealed[:-_SEAL_BYTES], sealed[-_SEAL_BYTES:]
    if hashlib.sha256(data).digest() != seal:
        raise OSError("a compiled kernel is damaged")
    return data
