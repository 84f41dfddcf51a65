"""Masked reconstruction: patches of windows are hidden and must be rebuilt; see `objectives.masked`."""

from collections.abc import Callable

import numpy as np
import torch

from wearcli.encoders import ENCODERS
from wearcli.errors import UsageError
from wearcli.objectives.masked import Masked
from wearcli.training.data import TrainingData
from wearcli.training.encoder import new_encoder
from wearcli.training.loop import Batch
from wearcli.training.sampler import AUGMENT, PairSampler, torch_generator
from wearcli.training.settings import Settings


def build(settings: Settings, data: TrainingData) -> Masked:
    """The encoder with its decoder."""
    of = data.stores[0].settings
    patch, _ = patches(settings, data)
    return Masked(new_encoder(settings, data), len(of.channels), patch, ENCODERS[settings.encoder].dimension)


def patches(settings: Settings, data: TrainingData) -> tuple[int, int]:
    """Samples a patch, and patches a window, the last of which may be cut off."""
    of = data.stores[0].settings
    patch = max(1, round(settings.mask_seconds * of.rate_hz))
    count = -(-of.samples // patch)
    if not 0 < round(settings.mask_share * count) < count:
        raise UsageError(
            f"--mask-seconds {settings.mask_seconds:g} makes {count} patches of a window of "
            f"{of.window_s:g} s, of which --mask-share {settings.mask_share:g} masks none or all"
        )
    return patch, count


def drawer(data: TrainingData, rows: np.ndarray, settings: Settings, stream: int) -> Callable[[int], Batch]:
    """The batch of a step: views of windows, which of their patches are hidden, and noise; see `Masked`."""
    sampler = PairSampler(data.index, rows, settings.batch, 0.0, settings.seed)
    _, count = patches(settings, data)
    augment = settings.views()

    def draw(step: int) -> Batch:
        chosen, _ = sampler.draw(step, stream)
        generator = torch_generator(settings.seed, AUGMENT + stream, step)
        windows = augment(torch.from_numpy(data.take(chosen[: settings.batch])), generator)
        order = torch.rand(len(windows), count, generator=generator).argsort(dim=1)
        noise = torch.randn(windows.shape, generator=generator)
        return windows, order < round(settings.mask_share * count), noise

    return draw
