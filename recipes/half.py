"""Weights of an ONNX file in half precision: half the bytes; the graph computes in single precision still."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LEAST = 4096  # numbers; what is smaller saves nothing


def halve(path: Path, keep: str = "fixed") -> None:
    """Store the large weights of the file as float16, with a cast before their use that onnxruntime folds.

    keep: constants with this in their name stay as they are, such as the transforms of the statistics.
    """
    model = onnx.load(path)
    graph = model.graph
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or keep in tensor.name:
            continue
        values = numpy_helper.to_array(tensor)
        if values.size < LEAST:
            continue
        name = f"{tensor.name}_half"
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), name))
        graph.node.insert(0, helper.make_node("Cast", [name], [tensor.name], to=TensorProto.FLOAT))
    onnx.checker.check_model(model)
    onnx.save(model, path)
