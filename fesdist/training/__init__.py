"""Training: from a stack to a published version. What reads many images unpacks them with kernels of ours."""

from fesdist.simd.unshuffling import unshuffle
from storage.blobs.unpacking import unshuffle_with

unshuffle_with(unshuffle)
