"""Masked reconstruction: patches of windows are hidden and must be rebuilt; see `objective`.

The encoder `transformer` leaves out what is hidden, see `tokens`; the patches are its own. It gets PPG and
ECG as they were measured: every mask makes another view (He et al., CVPR 2022, table 1e), and the cut-out of
their cascade would be a straight line to be rebuilt.
"""

from collections.abc import Callable

import numpy as np
import torch

from wearcli.encoders.transformer import PATCH_S, TransformerEncoder, patch_samples
from wearcli.errors import UsageError
from wearcli.training.data import TrainingData
from wearcli.training.loop import Batch
from wearcli.training.methods.learner import Learner
from wearcli.training.methods.masked.objective import Masked
from wearcli.training.methods.masked.options import MaskedOptions
from wearcli.training.methods.masked.tokens import MaskedTokens
from wearcli.training.sampler import PairSampler, torch_generator
from wearcli.training.views.cascade import Cascade


class MaskedLearner(Learner[MaskedOptions]):
    """Masked reconstruction with the settings of a run."""

    def objective(self, data: TrainingData) -> Masked | MaskedTokens:
        """The encoder with its decoder."""
        patch, _ = self.patches(data)
        encoder = self.encoder(data)
        if isinstance(encoder, TransformerEncoder):
            return MaskedTokens(encoder)
        return Masked(encoder, len(data.stores[0].settings.channels), patch, self.dimension)

    def patches(self, data: TrainingData) -> tuple[int, int]:
        """Samples a patch, and patches a window, the last of which may be cut off."""
        windows, options = data.stores[0].settings, self.options
        patch = max(1, round(options.mask_seconds * windows.rate_hz))
        if self.settings.run.encoder == "transformer" and patch != patch_samples(windows.rate_hz):
            raise UsageError(
                f"--mask-seconds {options.mask_seconds:g}: the encoder 'transformer' hides its own patches, "
                f"--mask-seconds {PATCH_S:g}"
            )
        count = -(-windows.samples // patch)
        if not 0 < round(options.mask_share * count) < count:
            raise UsageError(
                f"--mask-seconds {options.mask_seconds:g} makes {count} patches of a window of "
                f"{windows.window_s:g} s, of which --mask-share {options.mask_share:g} masks none or all"
            )
        return patch, count

    def batches(self, data: TrainingData, rows: np.ndarray, stream: int) -> Callable[[int], Batch]:
        """Views of windows, which of their patches are hidden, and noise (but for `MaskedTokens`)."""
        seed, batch = self.settings.run.seed, self.settings.optimisation.batch
        sampler = PairSampler(data.index, rows, batch, 0.0, seed)
        _, count = self.patches(data)
        views = self.views()
        tokens = self.settings.run.encoder == "transformer"
        as_measured = tokens and isinstance(views, Cascade)

        def draw(step: int) -> Batch:
            chosen, _ = sampler.draw(step, stream)
            generator = torch_generator(seed, "views", stream, step)
            windows = torch.from_numpy(data.take(chosen[:batch]))
            windows = windows if as_measured else views(windows, generator)
            order = torch.rand(len(windows), count, generator=generator).argsort(dim=1)
            hidden = order < round(self.options.mask_share * count)
            if tokens:
                return windows, hidden
            return windows, hidden, torch.randn(windows.shape, generator=generator)

        return draw
