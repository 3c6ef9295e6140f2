"""A small ONNX graph, written node after node."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import helper, numpy_helper

OPSET = 17
"""Operators as of ONNX 1.12: runtimes from 2022 on know them."""

IR_VERSION = 8
"""Of the file, of the same year."""

INPUT = "images"


class Graph:
    """Nodes that compute outputs from `INPUT`, (sample, channel, row, col) float32 all; values are told by name."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        """`shape` is that of one image, (channel, row, col); the number of samples stays open."""
        self.shape = shape
        """Of one image, (channel, row, col)."""
        self._dims: list[str | int | None] = ["sample", *shape]
        self.n_bytes = 0
        """Of all arrays that are stored."""
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._outputs: list[str] = []
        self._numbers = count()

    def constant(self, values: ArrayLike, dtype: Any = np.float32) -> str:
        """Return the name of an array that is stored in the file."""
        return self._stored(np.ascontiguousarray(values, dtype))

    def number(self, value: float) -> str:
        """Return the name of a number that is stored in the file."""
        return self._stored(np.array(value, np.float32))

    def _stored(self, values: NDArray[Any]) -> str:
        name = f"fesdist/constant_{next(self._numbers)}"
        self.n_bytes += values.nbytes
        self._constants.append(numpy_helper.from_array(values, name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Append a node and return the name of its only output."""
        name = f"fesdist/value_{next(self._numbers)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def reshaped(self, value: str, *shape: int) -> str:
        """Return a value in another shape; 0 keeps a dimension, -1 is what is left."""
        return self.add("Reshape", value, self.constant(shape, np.int64))

    def output(self, name: str, value: str) -> None:
        """Let a value, clipped to [0, 1], be an output."""
        self._nodes.append(helper.make_node("Clip", [value, self.number(0), self.number(1)], [name]))
        self._outputs.append(name)

    def finished(self, about: Mapping[str, str]) -> onnx.ModelProto:
        """Return the checked model; `about` becomes its properties."""
        given, *made = (
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, self._dims) for name in (INPUT, *self._outputs)
        )
        graph = helper.make_graph(self._nodes, "fesdist", [given], made, self._constants)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="fesdist")
        helper.set_model_props(model, dict(about))
        onnx.checker.check_model(model, full_check=True)
        return model
