"""The encoder that a run trains, as its settings and windows want it."""

from torch import nn

from wearcli.encoders import build
from wearcli.training.data import TrainingData
from wearcli.training.settings import Settings


def new_encoder(settings: Settings, data: TrainingData) -> nn.Module:
    """Fresh weights from torch's global generator; (batch, channels, samples) -> (batch, dimension)."""
    of = data.stores[0].settings
    return build(settings.encoder, len(of.channels), of.samples, settings.revin, of.rate_hz, of.modality)
