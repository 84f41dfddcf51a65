"""An encoder that has learnt nothing, as a model folder: what a trained one is worth is told beside it."""

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
    """Write a model folder of the architecture of `like`, a model's config; returns its own config.

    Its weights are as training begins: drawn by `seed`, each BatchNorm as if nothing had gone through it.
    Raises UsageError where `like` names an encoder that wearcli does not build.
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
