"""ONNX models as functions of numpy images, on one thread."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from fesdist.exports.onnx.graph import INPUT

Images = NDArray[np.float32]
Generator = Callable[[Images], Images]
"""Images (sample, channel, row, col) float32 in [0, 1] to images of the same shape."""


def session(model: onnx.ModelProto | bytes) -> Generator:
    """Return what onnxruntime makes of a model on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    serialised = model if isinstance(model, bytes) else model.SerializeToString()
    running = onnxruntime.InferenceSession(serialised, options, providers=["CPUExecutionProvider"])
    return lambda images: np.asarray(running.run(None, {INPUT: images})[0])
