"""The methods, a wing each; they know arrays, and nothing of files or Dask."""

import fesdist.simd  # noqa: F401  (before any kernel is defined)
