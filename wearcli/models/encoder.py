"""A model folder's ONNX graph, as a function of windows."""

from collections.abc import Sequence

import numpy as np

from wearcli.errors import InputError
from wearcli.models.config import ADVICE
from wearcli.models.folder import Model
from wearcli.models.runtime import open_session


class Encoder:
    """Windows to embeddings; one session, to be called from as many threads as there are cores.

    Each call runs on the caller's thread alone: whole batches in parallel scale better on few cores than
    the threads inside a convolution do.

    Raises:
        InputError: The graph cannot be loaded, or has other sizes than the model's config.
    """

    def __init__(self, model: Model) -> None:
        self._session = open_session(model.onnx_path, threads=1)
        config, inputs, outputs = model.config, self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1:
            raise InputError(f"{model.onnx_path}: it takes {len(inputs)} inputs, not windows alone: {ADVICE}")
        for what, node, sizes in (
            ("takes windows", inputs[0], (config.samples, len(config.channels))),
            ("gives embeddings", outputs[0], (config.dimension,)),
        ):
            if not _fits(node.shape, sizes):
                shape = " x ".join(map(str, node.shape[1:]))
                stated = " x ".join(map(str, sizes))
                raise InputError(
                    f"{model.onnx_path}: it {what} of {shape}, and config.json says {stated}: {ADVICE}"
                )
        self._input = inputs[0].name
        self.dimension = config.dimension

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """values: (windows, samples, channels), in the model's unit -> (windows, dimension); float32."""
        output: np.ndarray = self._session.run(None, {self._input: values})[0]
        return output


def _fits(shape: Sequence[int | str | None], sizes: tuple[int, ...]) -> bool:
    """Whether the shape of a batch has these sizes; a name in it stands for any."""
    stated = zip(shape[1:], sizes, strict=False)
    return len(shape) == 1 + len(sizes) and all(
        size in (None, own) or isinstance(size, str) for size, own in stated
    )
