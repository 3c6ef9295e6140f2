"""SIMD registers for numba, and linear algebra on them: many small systems side by side, one a lane."""

from fesdist.simd.compiled import keep_compiled_kernels

keep_compiled_kernels()
