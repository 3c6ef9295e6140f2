"""A small ONNX graph, written node after node."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import helper, numpy_helper

OPSET = 17
"""Operators as of ONNX 1.12: runtimes from 2022 on know them."""

IR_VERSION = 8
"""Of the file, of the same year."""

INPUT, OUTPUT = "images", "outputs"


class Graph:
    """Nodes that compute `OUTPUT` from `INPUT`, (sample, channel, row, col) float32 both; values are told by name."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        """`shape` is that of one image, (channel, row, col); the number of samples stays open."""
        self._dims = ["sample", *shape]
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._numbers = count()

    def constant(self, values: ArrayLike, dtype: Any = np.float32) -> str:
        """Return the name of an array that is stored in the file."""
        name = f"constant_{next(self._numbers)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values, dtype), name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Append a node and return the name of its only output."""
        name = f"value_{next(self._numbers)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def finished(self, result: str) -> onnx.ModelProto:
        """Return the checked model whose outputs are `result`, clipped to [0, 1]."""
        self._nodes.append(helper.make_node("Clip", [result, self.constant(0), self.constant(1)], [OUTPUT]))
        ends = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, self._dims) for name in (INPUT, OUTPUT)]
        graph = helper.make_graph(self._nodes, "fesdist", ends[:1], ends[1:], self._constants)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="fesdist")
        onnx.checker.check_model(model, full_check=True)
        return model
