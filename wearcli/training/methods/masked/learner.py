"""Masked reconstruction: patches of windows are hidden and must be rebuilt; see `objective`.

The encoder `transformer` leaves out what is hidden, see `tokens`; the patches are its own.
It gets PPG and ECG as they were measured: every mask makes another view (He et al., CVPR 2022, table 1e), and
the cut-out of their cascade would be a straight line to be rebuilt.
"""

from collections.abc import Callable

import numpy as np
import torch

from wearcli.encoders import ENCODERS
from wearcli.encoders.transformer import PATCH_S, TransformerEncoder, patch_samples
from wearcli.errors import UsageError
from wearcli.training.data import TrainingData
from wearcli.training.encoder import new_encoder
from wearcli.training.loop import Batch
from wearcli.training.methods.masked.objective import Masked
from wearcli.training.methods.masked.tokens import MaskedTokens
from wearcli.training.sampler import PairSampler, torch_generator
from wearcli.training.settings import Settings
from wearcli.training.views.cascade import Cascade


def build(settings: Settings, data: TrainingData) -> Masked | MaskedTokens:
    """The encoder with its decoder."""
    of = data.stores[0].settings
    patch, _ = patches(settings, data)
    encoder = new_encoder(settings, data)
    if isinstance(encoder, TransformerEncoder):
        return MaskedTokens(encoder)
    return Masked(encoder, len(of.channels), patch, ENCODERS[settings.encoder].dimension)


def patches(settings: Settings, data: TrainingData) -> tuple[int, int]:
    """Samples a patch, and patches a window, the last of which may be cut off."""
    of = data.stores[0].settings
    patch = max(1, round(settings.mask_seconds * of.rate_hz))
    if settings.encoder == "transformer" and patch != patch_samples(of.rate_hz):
        raise UsageError(
            f"--mask-seconds {settings.mask_seconds:g}: the encoder 'transformer' hides its own patches, "
            f"--mask-seconds {PATCH_S:g}"
        )
    count = -(-of.samples // patch)
    if not 0 < round(settings.mask_share * count) < count:
        raise UsageError(
            f"--mask-seconds {settings.mask_seconds:g} makes {count} patches of a window of "
            f"{of.window_s:g} s, of which --mask-share {settings.mask_share:g} masks none or all"
        )
    return patch, count


def drawer(data: TrainingData, rows: np.ndarray, settings: Settings, stream: int) -> Callable[[int], Batch]:
    """The batch of a step: views of windows, which of their patches are hidden, and noise; see `Masked`.

    For `MaskedTokens` there is no noise.
    """
    sampler = PairSampler(data.index, rows, settings.batch, 0.0, settings.seed)
    _, count = patches(settings, data)
    augment = settings.views()
    tokens = settings.encoder == "transformer"
    as_measured = tokens and isinstance(augment, Cascade)

    def draw(step: int) -> Batch:
        chosen, _ = sampler.draw(step, stream)
        generator = torch_generator(settings.seed, "views", stream, step)
        windows = torch.from_numpy(data.take(chosen[: settings.batch]))
        windows = windows if as_measured else augment(windows, generator)
        order = torch.rand(len(windows), count, generator=generator).argsort(dim=1)
        hidden = order < round(settings.mask_share * count)
        return (
            (windows, hidden)
            if tokens
            else (windows, hidden, torch.randn(windows.shape, generator=generator))
        )

    return draw
