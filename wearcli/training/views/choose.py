"""Which random views a signal has."""

from collections.abc import Callable

import torch

from wearcli.modality import MODALITIES
from wearcli.training.views.augment import ROTATION, Augment
from wearcli.training.views.cascade import CASCADES
from wearcli.training.views.options import ViewOptions

Views = Callable[[torch.Tensor, torch.Generator], torch.Tensor]


def views(options: ViewOptions, modality: str) -> Views:
    """The random views of a signal's windows.

    Args:
        options: How far views of acceleration differ; PPG and ECG have the published cascade.
        modality: The signal.

    Returns:
        A function of windows (n, samples, channels) and a generator that gives new windows of that shape.
    """
    name = MODALITIES[modality].views
    if name == "rotation":
        return ROTATION
    if name != "motion":
        return CASCADES[name]
    return Augment(options.max_degrees, options.noise, options.scale, options.warp, p_poor=options.poor)
