"""Export of a trained encoder to a model folder: ONNX, config and card.

The ONNX model is checked against torch on real windows.
"""

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from wearcli.errors import InputError
from wearcli.files import atomic_folder, content_sha256
from wearcli.models.card import card
from wearcli.models.config import ModelConfig
from wearcli.models.folder import CARD_NAME, CONFIG_NAME, INPUT, ONNX_NAME, OUTPUT
from wearcli.models.runtime import open_session

MAX_DIFFERENCE = 1e-4
JUMPING = 0.01  # the share of windows that may differ by more, of an encoder with a `rounding` of its own


class WindowsFirst(nn.Module):
    """The encoder with input as `embed` has it, (batch, samples, channels).

    Args:
        encoder: A module (batch, channels, samples) -> (batch, dimension).
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Return the embedding of each window.

        Args:
            windows: (batch, samples, channels).

        Returns:
            Embeddings (batch, dimension).
        """
        output: torch.Tensor = self.encoder(windows.transpose(1, 2))
        return output


def write_model(
    encoder: nn.Module, folder: Path, config: Mapping[str, Any], windows: np.ndarray
) -> ModelConfig:
    """Write the model folder, whole or not at all.

    ONNX and torch must differ by less than 1e-4 of the `magnitude` of the embedding. An encoder may state
    with `rounding` that it needs more. In that case a share of `JUMPING` of the windows may differ by more
    than that.

    Args:
        encoder: The encoder, on any device; it is exported in evaluation mode.
        folder: The model folder.
        config: All of config.json except what is computed here (parameters, dimension, sha256, parity).
        windows: Real windows (n, samples, channels) float32, for the parity check.

    Returns:
        The config of the model.

    Raises:
        InputError: ONNX and torch differ by more, or their difference is not a number.
    """
    module = WindowsFirst(encoder).cpu().eval()
    with atomic_folder(folder) as temporary:
        to_onnx(module, temporary / ONNX_NAME, windows[:2].shape)
        differences, dimension = parity(module, temporary / ONNX_NAME, windows)
        allowed = getattr(encoder, "rounding", MAX_DIFFERENCE) * magnitude(module, windows)
        beyond = float(np.mean(~(differences < allowed)))
        if beyond > (JUMPING if hasattr(encoder, "rounding") else 0):
            raise InputError(
                f"{folder}: not written, the ONNX model differs from torch by {differences.max():.2g} "
                f"(allowed is {allowed:g}): --resume the run with another torch or onnxscript"
            )
        document = {
            **config,
            "dimension": dimension,
            "parameters": sum(p.numel() for p in encoder.parameters()),
            "sha256": content_sha256(temporary / ONNX_NAME),
            "parity": {
                "max_abs_difference": float(differences.max()),
                "windows": len(windows),
                "allowed": allowed,
                "share_beyond": beyond,
            },
        }
        written = ModelConfig.from_json(document, str(folder / CONFIG_NAME))
        (temporary / CONFIG_NAME).write_text(written.to_text())
        (temporary / CARD_NAME).write_text(card(written))
    return written


def to_onnx(module: nn.Module, path: Path, shape: tuple[int, ...]) -> None:
    """Export a module to ONNX with a free batch size.

    Constants are folded before the patterns of the optimiser are matched, once: a large graph is exported in
    three quarters of the time.

    Args:
        module: The module, on the CPU.
        path: The ONNX file.
        shape: Shape of an example input.
    """
    from onnxscript import optimizer

    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)  # it warns about operators of packages that are not installed
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module,
                (torch.zeros(shape),),
                dynamo=True,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                verbose=False,
                optimize=False,
            )
            assert program is not None
            optimizer.fold_constants(program.model)
            optimizer.remove_unused_nodes(program.model)
            optimizer.optimize(program.model, num_iterations=1)
            program.save(path, external_data=False)
    finally:
        quiet.setLevel(level)
    _forget_origin(path)


def _forget_origin(path: Path) -> None:
    """Remove what the exporter notes of every node: stack traces with paths of this machine."""
    import onnx

    model = onnx.load(path)
    graphs = [model.graph, *model.functions]
    noted = [model, *graphs, *model.graph.initializer, *model.graph.input, *model.graph.output]
    for graph in graphs:
        noted += [*graph.node, *graph.value_info]
    for item in noted:
        del item.metadata_props[:]
        item.doc_string = ""
    onnx.save(model, path)


@torch.no_grad()
def magnitude(module: nn.Module, windows: np.ndarray) -> float:
    """Return the deviation of the embedding over real windows, at least 1.

    The rounding error grows with the numbers themselves. A contrastive loss with normalising heads does not
    limit how large the numbers of an encoder become.

    Args:
        module: (batch, samples, channels) -> (batch, dimension).
        windows: Real windows (n, samples, channels) float32; the first 256 are used.
    """
    return max(1.0, float(module(torch.from_numpy(windows[:256])).std()))


@torch.no_grad()
def parity(module: nn.Module, path: Path, windows: np.ndarray) -> tuple[np.ndarray, int]:
    """Compare the ONNX model with torch.

    Args:
        module: (batch, samples, channels) -> (batch, dimension).
        path: The ONNX file.
        windows: (n, samples, channels) float32.

    Returns:
        The greatest absolute difference in each window (n,), and the dimension of the embedding.
    """
    session = open_session(path)
    differences, dimension = [], 0
    for start in range(0, len(windows), 256):
        batch = np.ascontiguousarray(windows[start : start + 256], np.float32)
        (ours,) = session.run([OUTPUT], {INPUT: batch})
        theirs = module(torch.from_numpy(batch)).numpy()
        differences.append(np.abs(ours - theirs).max(axis=1))
        dimension = ours.shape[1]
    return np.concatenate(differences), dimension
