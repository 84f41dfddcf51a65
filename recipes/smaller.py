"""Weights of an ONNX file in fewer bytes; the graph computes in single precision still."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

LEAST = 4096  # numbers; what is smaller saves nothing
KEPT = "fixed"  # in the name of constants that stay as they are, such as the transforms of the statistics
# What the file has instead of a tensor, and the node that gives it.
Stored = tuple[list[TensorProto], NodeProto]


def halve(path: Path) -> None:
    """Store the large weights of the file as float16, with a cast before their use that onnxruntime folds."""
    _replace(path, _half)


def quarter(path: Path) -> None:
    """Store the large weights of the file in 8 bits, each output channel (row) with a scale of its own."""
    _replace(path, _eight_bits)


def _replace(path: Path, store: Callable[[str, np.ndarray], Stored]) -> None:
    model = onnx.load(path)
    graph = model.graph
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or KEPT in tensor.name:
            continue
        values = numpy_helper.to_array(tensor)
        if values.size < LEAST:
            continue
        tensors, node = store(tensor.name, values)
        graph.initializer.remove(tensor)
        graph.initializer.extend(tensors)
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _half(name: str, values: np.ndarray) -> Stored:
    kept = numpy_helper.from_array(values.astype(np.float16), f"{name}_half")
    return [kept], helper.make_node("Cast", [kept.name], [name], to=TensorProto.FLOAT)


def _eight_bits(name: str, values: np.ndarray) -> Stored:
    rows = values.reshape(len(values), -1)
    scale = np.maximum(np.abs(rows).max(axis=1), np.float32(1e-30)) / 127
    whole = np.rint(rows / scale[:, None]).astype(np.int8).reshape(values.shape)
    parts = [numpy_helper.from_array(whole, f"{name}_bits"), numpy_helper.from_array(scale, f"{name}_scale")]
    return parts, helper.make_node("DequantizeLinear", [part.name for part in parts], [name], axis=0)
