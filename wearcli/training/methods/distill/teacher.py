"""The teacher of a distillation: a finished model whose embeddings are the answers."""

import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from wearcli.encoders import build
from wearcli.errors import InputError, UsageError
from wearcli.files import atomic_folder
from wearcli.models.encoder import Encoder
from wearcli.models.folder import CARD_NAME, CONFIG_NAME, ONNX_NAME, Model, load_model
from wearcli.training.checkpoint import read_state

FOLDER, WEIGHTS = "teacher", "teacher.safetensors"


class Teacher:
    """Embeddings of windows of the teacher's signal.

    It runs through onnxruntime, so nothing can change its weights. A window that is a whole number of the
    model's own windows gets their mean embedding.

    Args:
        model: The teacher's model.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.encoder = Encoder(model)
        self.dimension = self.encoder.dimension
        self.samples = model.config.samples

    def __call__(self, windows: np.ndarray) -> np.ndarray:
        """Give (n, dimension) float32 of windows (n, whole x samples, channels) float32."""
        parts = np.ascontiguousarray(windows.reshape(-1, self.samples, windows.shape[2]), np.float32)
        embedding = self.encoder(parts).reshape(len(windows), -1, self.dimension)
        mean: np.ndarray = embedding.mean(axis=1)
        return mean


def check_windows(model: Model, window_s: float, rate_hz: float) -> None:
    """Raise UsageError where a window of the teacher's signal is no whole number of those that it takes."""
    config = model.config
    if abs(rate_hz - config.rate_hz) > 1e-6 * rate_hz or round(window_s * rate_hz) % config.samples:
        raise UsageError(
            f"the teacher {model.name} takes windows of {config.window_s:g} s at {config.rate_hz:g} Hz, of "
            f"which {window_s:g} s at {rate_hz:g} Hz is no whole number: give another --window"
        )


def copy_teacher(teacher: str, run: Path, trains: bool) -> None:
    """Put the teacher's model into the run's folder, so that a run goes on without the original.

    Args:
        teacher: Name or folder of the model.
        run: The folder of the run.
        trains: Whether its weights are needed too, to be trained on.

    Raises:
        UsageError: There is no such model, or no weights.
    """
    model = load_model(teacher)
    with atomic_folder(run / FOLDER) as folder:
        for name in (ONNX_NAME, CONFIG_NAME, CARD_NAME):
            if (model.folder / name).is_file():
                shutil.copyfile(model.folder / name, folder / name)
        if trains:
            shutil.copyfile(trained_weights(model), folder / WEIGHTS)


def trained_weights(model: Model) -> Path:
    """The weights that validated best in the run that made a model; UsageError where it is not there."""
    checkpoint = model.folder.parent / "checkpoint"
    if not (checkpoint / "state.json").is_file():
        raise UsageError(
            f"{model.name}: a teacher that trains too needs the weights of its run: name the run folder of "
            "pretrain with --teacher, or leave --train-teacher out"
        )
    files = read_state(checkpoint).files
    return checkpoint / str(files.get("best", files["weights"]))


def teacher_network(folder: Path) -> nn.Module:
    """The teacher in a run's folder as it was trained, (n, channels, samples) -> (n, dimension)."""
    config = load_model(folder).config
    network = build(
        str(config.encoder),
        len(config.channels),
        config.samples,
        config.normalisation == "revin",
        config.rate_hz,
        config.modality,
    )
    try:
        weights = load_file(folder / WEIGHTS)
        own = {name.removeprefix("encoder."): w for name, w in weights.items() if name.startswith("encoder.")}
        network.load_state_dict(own)
    except (OSError, RuntimeError, SafetensorError) as error:
        first = str(error).splitlines()[0]
        raise InputError(f"{folder / WEIGHTS}: cannot be read ({first}): start the run anew") from None
    return network


class InParts(nn.Module):
    """A network over windows that are a whole number of its own windows: the mean of their embeddings."""

    def __init__(self, network: nn.Module, samples: int) -> None:
        super().__init__()
        self.network, self.samples = network, samples

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Give (n, dimension) of windows (n, channels, whole x samples)."""
        n, channels, length = windows.shape
        parts = windows.view(n, channels, -1, self.samples).transpose(1, 2)
        embedding: torch.Tensor = self.network(parts.reshape(-1, channels, self.samples))
        return embedding.view(n, length // self.samples, -1).mean(dim=1)
