"""A model folder's ONNX graph, as a function of windows."""

import numpy as np

from wearcli.models.folder import Model
from wearcli.models.runtime import open_session


class Encoder:
    """Windows to embeddings; one session, to be called from as many threads as there are cores.

    Each call runs on the caller's thread alone: whole batches in parallel scale better on few cores than
    the threads inside a convolution do.
    """

    def __init__(self, model: Model) -> None:
        self._session = open_session(model.onnx_path, threads=1)
        self._input = self._session.get_inputs()[0].name
        self.dimension = model.config.dimension

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """values: (windows, samples, channels), in the model's unit -> (windows, dimension); float32."""
        output: np.ndarray = self._session.run(None, {self._input: values})[0]
        return output
