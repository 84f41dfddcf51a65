"""A model folder's ONNX graph, run by onnxruntime without its telemetry."""

import os

# onnxruntime >= 1.29 writes a device id under the user's cache and queues what it sees at the first
# session; only this, set before its import, stops it. Nothing of a health study leaves the machine.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime

from wearcli.errors import InputError
from wearcli.models.folder import Model


class Encoder:
    """Windows to embeddings; one session, to be called from as many threads as there are cores.

    Each call runs on the caller's thread alone: whole batches in parallel scale better on few cores than
    the threads inside a convolution do.
    """

    def __init__(self, model: Model) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(model.onnx_path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's errors have no common base but Exception
            first = str(error).splitlines()[0]
            raise InputError(f"{model.onnx_path}: onnxruntime cannot load it: {first}") from error
        self.input = self._session.get_inputs()[0].name
        self.dimension = int(model.config["dimension"])

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """values: (windows, samples, channels) float32, g -> (windows, dimension) float32."""
        return self._session.run(None, {self.input: values})[0]
