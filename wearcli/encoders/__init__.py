"""The encoders by name. All take (batch, channels, samples) float32 and give (batch, dimension)."""

from torch import nn

from wearcli.encoders.fast import FastEncoder
from wearcli.encoders.relcon_resnet import RelConResNet
from wearcli.encoders.revin import RevIN
from wearcli.errors import UsageError

ENCODERS: dict[str, type[FastEncoder] | type[RelConResNet]] = {"fast": FastEncoder, "relcon": RelConResNet}

__all__ = ["ENCODERS", "FastEncoder", "RelConResNet", "RevIN", "build"]


def build(name: str, channels: int = 3, samples: int = 250, revin: bool = False) -> nn.Module:
    """A new encoder with its weights drawn from torch's global generator.

    samples: the window's length, checked against what the encoder can take. revin: normalise each
    window inside the encoder; this hides gravity's direction from it.
    Raises UsageError for an unknown name or a window that is too short.
    """
    if name not in ENCODERS:
        raise UsageError(f"no encoder '{name}': --encoder takes {', '.join(ENCODERS)}")
    encoder = ENCODERS[name](channels=channels)
    if samples < encoder.min_samples:
        raise UsageError(
            f"windows of {samples} samples are too short for the encoder '{name}', "
            f"which needs {encoder.min_samples}: give a longer --window or a higher --rate"
        )
    return nn.Sequential(RevIN(channels), encoder) if revin else encoder
