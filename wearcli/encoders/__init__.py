"""The encoders by name. All take (batch, channels, samples) float32 and give (batch, dimension)."""

from torch import nn

from wearcli.encoders.ballistic import SHORTEST_S, BallisticEncoder
from wearcli.encoders.efficientnet import LARGE, SMALL, EfficientNet1D, SmallEfficientNet1D
from wearcli.encoders.fast import FastEncoder
from wearcli.encoders.pulse import PulseEncoder
from wearcli.encoders.relcon_resnet import RelConResNet
from wearcli.encoders.revin import RevIN
from wearcli.encoders.streams import StreamsEncoder
from wearcli.encoders.transformer import TransformerEncoder
from wearcli.errors import UsageError
from wearcli.modality import MODALITIES, Modality

ENCODERS: dict[
    str,
    type[FastEncoder]
    | type[RelConResNet]
    | type[StreamsEncoder]
    | type[PulseEncoder]
    | type[EfficientNet1D]
    | type[TransformerEncoder]
    | type[BallisticEncoder],
] = {
    "fast": FastEncoder,
    "relcon": RelConResNet,
    "streams": StreamsEncoder,
    "pulse": PulseEncoder,
    "efficientnet": EfficientNet1D,
    "efficientnet-small": SmallEfficientNet1D,
    "transformer": TransformerEncoder,
    "ballistic": BallisticEncoder,
}

NORMALISE = {"pulse", "efficientnet", "efficientnet-small", "transformer"}  # each window by itself

__all__ = [
    "ENCODERS",
    "NORMALISE",
    "BallisticEncoder",
    "EfficientNet1D",
    "FastEncoder",
    "PulseEncoder",
    "RelConResNet",
    "RevIN",
    "SmallEfficientNet1D",
    "StreamsEncoder",
    "TransformerEncoder",
    "build",
]


def build(
    name: str,
    channels: int = 3,
    samples: int = 250,
    revin: bool = False,
    rate_hz: float = 50.0,
    modality: Modality = "acc",
) -> nn.Module:
    """A new encoder with its weights drawn from torch's global generator.

    samples, rate_hz: of the windows; the length is checked against what the encoder can take. revin:
    normalise each window inside the encoder; this hides gravity's direction from it.
    Raises UsageError for an unknown name, a window that is too short, or channels that it does not take.
    """
    if name not in ENCODERS:
        raise UsageError(f"no encoder '{name}': --encoder takes {', '.join(ENCODERS)}")
    kind = ENCODERS[name]
    other = MODALITIES[modality].encoder or "fast"
    if issubclass(kind, StreamsEncoder) and modality != "acc":
        raise UsageError(f"the encoder 'streams' takes acceleration, not {modality}: --encoder {other}")
    if issubclass(kind, PulseEncoder) and (MODALITIES[modality].encoder != "pulse" or revin):
        title = MODALITIES[modality].title
        what = "--revin: it normalises by itself" if revin else f"{title}: --encoder fast"
        raise UsageError(f"the encoder 'pulse' takes PPG and ECG, not {what}")
    if issubclass(kind, TransformerEncoder) and revin:
        raise UsageError("the encoder 'transformer' normalises by itself: leave --revin out")
    if samples < kind.min_samples:
        raise UsageError(
            f"windows of {samples} samples are too short for the encoder '{name}', "
            f"which needs {kind.min_samples}: give a longer --window or a higher --rate"
        )
    if issubclass(kind, PulseEncoder):
        assert modality == "ppg" or modality == "ecg"  # others are refused above
        return PulseEncoder(channels, samples, rate_hz, modality)
    if issubclass(kind, StreamsEncoder):
        if channels != 3 or revin:
            what = "--revin, which hides gravity" if revin else f"{channels} channels"
            raise UsageError(f"the encoder 'streams' takes x, y, z as they are, not {what}: --encoder fast")
        if samples < rate_hz:
            raise UsageError(
                f"windows of {samples / rate_hz:g} s have no rhythm for the encoder 'streams': give a "
                "--window of 1 s or more, or --encoder fast"
            )
        return StreamsEncoder(samples, rate_hz)
    if issubclass(kind, BallisticEncoder):
        if modality != "acc" or channels != 3 or revin:
            what = "--revin, which hides how loud it is" if revin else f"{channels} channels of {modality}"
            raise UsageError(f"the encoder 'ballistic' takes x, y, z in g, not {what}: --encoder fast")
        if samples < SHORTEST_S * rate_hz:
            raise UsageError(
                f"windows of {samples / rate_hz:g} s have too few beats for the encoder 'ballistic': give a "
                f"--window of {SHORTEST_S:g} s or more"
            )
        return BallisticEncoder(samples, rate_hz)
    if issubclass(kind, TransformerEncoder):
        return TransformerEncoder(channels, samples, rate_hz)
    if kind is EfficientNet1D:
        encoder: nn.Module = EfficientNet1D(channels, SMALL if modality == "ecg" else LARGE)
    else:
        encoder = kind(channels=channels)
    return nn.Sequential(RevIN(channels), encoder) if revin else encoder
