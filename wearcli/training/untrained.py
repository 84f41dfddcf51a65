"""Model folders of untrained encoders: the baseline that shows what training is worth."""

from pathlib import Path

import numpy as np
import torch

from wearcli._version import __version__
from wearcli.encoders import build
from wearcli.models.config import ModelConfig
from wearcli.seeds import generator, whole_number
from wearcli.training.export import write_model

PARITY_WINDOWS = 64
SAME = ("encoder", "rate_hz", "window_s", "stride_s", "samples", "channels", "unit", "modality")


def write_untrained(folder: Path, like: ModelConfig, seed: int) -> ModelConfig:
    """Write a model folder of an untrained encoder with the architecture of another model.

    The weights are those at the beginning of training, from the seed. Each BatchNorm is as if no window had
    passed it.

    Args:
        folder: The model folder.
        like: Config of the other model.
        seed: Seed of the weights.

    Returns:
        The config of the untrained model.

    Raises:
        UsageError: `like` names an encoder that wearcli does not build.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(whole_number(seed, "encoder weights"))
        encoder = build(
            str(like.encoder),
            len(like.channels),
            like.samples,
            like.normalisation == "revin",
            like.rate_hz,
            like.modality,
        )
    config = {
        "name": f"untrained-{like.encoder}",
        "version": 1,
        **{key: value for key, value in like.to_json().items() if key in SAME},
        "normalisation": like.normalisation or "none",
        "training_sets": [],
        "licence": "none: random numbers",
        "training": {"method": "none", "seed": seed},
        "wearcli": __version__,
    }
    windows = generator(seed, "parity windows").normal(
        size=(PARITY_WINDOWS, like.samples, len(like.channels))
    )
    return write_model(encoder, folder, config, windows.astype(np.float32))
