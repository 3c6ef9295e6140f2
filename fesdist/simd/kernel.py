"""How kernels are compiled: those that Python calls, those that only kernels call, and parts of either.

What numba makes beside a kernel takes longer to compile than many a kernel does: a way in from Python for those that
none calls, and one from C, which nothing does. Compiled code is kept between runs (`fesdist.simd.compiled`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _compiled(**options: Any) -> Callable[[_Function], _Function]:
    decorate: Any = numba.njit(nogil=True, **options)
    return decorate  # type: ignore[no-any-return]


kernel = _compiled(cache=True, no_cfunc_wrapper=True)
"""Compiles a function that Python calls, and that lets go of Python's lock."""

subkernel = _compiled(cache=True, no_cfunc_wrapper=True, no_cpython_wrapper=True)
"""Compiles a function that kernels call, and nobody else."""

inlined = _compiled(forceinline=True, no_cfunc_wrapper=True, no_cpython_wrapper=True)
"""Compiles a function that LLVM puts wherever a kernel calls it; numba looks at it once."""

pasted = _compiled(inline="always")
"""Lets numba put a function's source wherever a kernel calls it: that of one that takes functions, for instance."""
