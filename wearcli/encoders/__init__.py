"""The encoders that wearcli trains: one record and one module for each.

All take (batch, channels, samples) float32 and give (batch, dimension). To add an encoder, write its module
and add its record here; `--encoder` and `wearcli info` then list it. Nothing here imports torch before an
encoder is built.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

from wearcli.errors import UsageError
from wearcli.modality import MODALITIES, FeatureSet, Modality

if TYPE_CHECKING:
    from torch import nn


class WindowShape(NamedTuple):
    """The windows that an encoder is built for.

    Attributes:
        channels: Number of channels.
        samples: Samples of a window, per channel.
        rate_hz: Samples a second, Hz.
        modality: The signal.
    """

    channels: int
    samples: int
    rate_hz: float
    modality: Modality


@dataclass(frozen=True)
class EncoderRecord:
    """The facts about an encoder that need no built encoder.

    Attributes:
        name: The name on the command line and in files.
        title: A short description for people.
        build: Imports the encoder's module and returns the encoder with fresh weights.
        dimension: How many numbers its embedding has.
        min_samples: Fewest samples of a window.
        min_window_s: Shortest window, s.
        too_short: What a window shorter than `min_window_s` lacks, for a message.
        signals: The signals that it takes; empty for any.
        normalises: Whether it normalises each window by itself.
        takes_revin: Whether RevIN may stand before it.
        features: Hand-made features that stand beside its models; None is the signal's first set.
    """

    name: str
    title: str
    build: "Callable[[WindowShape], nn.Module]"
    dimension: int
    min_samples: int
    min_window_s: float = 0.0
    too_short: str = ""
    signals: tuple[Modality, ...] = ()
    normalises: bool = False
    takes_revin: bool = True
    features: FeatureSet | None = None

    def check(self, shape: WindowShape, revin: bool) -> None:
        """Check that the encoder takes such windows.

        Args:
            shape: The windows.
            revin: Whether RevIN stands before the encoder.

        Raises:
            UsageError: The encoder does not take such windows, or no RevIN before it.
        """
        signal = MODALITIES[shape.modality]
        if self.signals and shape.modality not in self.signals:
            takes = " and ".join(MODALITIES[name].title for name in self.signals)
            other = signal.encoder or "fast"
            raise UsageError(
                f"the encoder '{self.name}' takes {takes}, not {signal.title}: --encoder {other}"
            )
        if self.signals and signal.channels and shape.channels != len(signal.channels):
            raise UsageError(
                f"the encoder '{self.name}' takes {', '.join(signal.channels)}, not {shape.channels} "
                "channels: --encoder fast"
            )
        if revin and not self.takes_revin:
            as_is = "takes values as they are, of which --revin hides gravity and the strength of a movement"
            why = "normalises by itself" if self.normalises else as_is
            raise UsageError(f"the encoder '{self.name}' {why}: leave --revin out")
        if shape.samples < self.min_samples:
            raise UsageError(
                f"windows of {shape.samples} samples are too short for the encoder '{self.name}', "
                f"which needs {self.min_samples}: give a longer --window or a higher --rate"
            )
        if shape.samples < self.min_window_s * shape.rate_hz:
            raise UsageError(
                f"windows of {shape.samples / shape.rate_hz:g} s have {self.too_short} for the encoder "
                f"'{self.name}': give a --window of {self.min_window_s:g} s or more, or --encoder fast"
            )


def _fast(shape: WindowShape) -> "nn.Module":
    """Build the fast encoder."""
    from wearcli.encoders.fast import FastEncoder

    return FastEncoder(shape.channels)


def _relcon(shape: WindowShape) -> "nn.Module":
    """Build the ResNet of RelCon."""
    from wearcli.encoders.relcon_resnet import RelConResNet

    return RelConResNet(shape.channels)


def _streams(shape: WindowShape) -> "nn.Module":
    """Build the encoder with readings, spectrum and rhythm."""
    from wearcli.encoders.streams import StreamsEncoder

    return StreamsEncoder(shape.samples, shape.rate_hz)


def _pulse(shape: WindowShape) -> "nn.Module":
    """Build the encoder with statistics of beats."""
    from wearcli.encoders.pulse import PulseEncoder
    from wearcli.signals.beats import Pulse

    return PulseEncoder(shape.channels, shape.samples, shape.rate_hz, cast(Pulse, shape.modality))


def _efficientnet(shape: WindowShape) -> "nn.Module":
    """Build EfficientNet over time, smaller for ECG."""
    from wearcli.encoders import efficientnet

    stages = efficientnet.SMALL if shape.modality == "ecg" else efficientnet.LARGE
    return efficientnet.EfficientNet1D(shape.channels, stages)


def _small_efficientnet(shape: WindowShape) -> "nn.Module":
    """Build EfficientNet over time with narrower stages."""
    from wearcli.encoders import efficientnet

    return efficientnet.EfficientNet1D(shape.channels, efficientnet.FIFTH)


def _transformer(shape: WindowShape) -> "nn.Module":
    """Build the transformer over patches."""
    from wearcli.encoders.transformer import TransformerEncoder

    return TransformerEncoder(shape.channels, shape.samples, shape.rate_hz)


def _ballistic(shape: WindowShape) -> "nn.Module":
    """Build the encoder for the heart in acceleration."""
    from wearcli.encoders.ballistic import BallisticEncoder

    return BallisticEncoder(shape.samples, shape.rate_hz)


_RECORDS = (
    EncoderRecord("fast", "a small strided ResNet for the CPU, 1.0 M parameters", _fast, 256, 10),
    EncoderRecord("relcon", "the ResNet of RelCon, 3.6 M parameters", _relcon, 256, 16),
    EncoderRecord(
        "streams",
        "a small ResNet beside hand-made readings, spectrum and rhythm",
        _streams,
        993,
        64,
        min_window_s=1.0,
        too_short="no rhythm",
        signals=("acc",),
        takes_revin=False,
    ),
    EncoderRecord(
        "pulse",
        "a small ResNet beside statistics of beats",
        _pulse,
        153,
        256,
        signals=("ppg", "ecg"),
        normalises=True,
        takes_revin=False,
    ),
    EncoderRecord(
        "efficientnet",
        "EfficientNet over time, 3.1 M parameters (PPG) or 2.5 M (ECG)",
        _efficientnet,
        256,
        64,
        normalises=True,
    ),
    EncoderRecord(
        "efficientnet-small",
        "EfficientNet over time with narrower stages, 0.6 M parameters",
        _small_efficientnet,
        256,
        64,
        normalises=True,
    ),
    EncoderRecord(
        "transformer",
        "a transformer over patches of half a second, 2.7 M parameters",
        _transformer,
        256,
        16,
        normalises=True,
        takes_revin=False,
    ),
    EncoderRecord(
        "ballistic",
        "rates of the heart that acceleration speaks for, and movement",
        _ballistic,
        128,
        128,
        min_window_s=8.0,
        too_short="too few beats",
        signals=("acc",),
        takes_revin=False,
        features="heart",
    ),
)
ENCODERS: dict[str, EncoderRecord] = {record.name: record for record in _RECORDS}


def check_encoder(name: str) -> None:
    """Check that wearcli has an encoder of this name.

    Args:
        name: Name of the encoder.

    Raises:
        UsageError: There is no such encoder.
    """
    if name not in ENCODERS:
        raise UsageError(f"no encoder '{name}': --encoder takes {', '.join(ENCODERS)}")


def build(
    name: str,
    channels: int = 3,
    samples: int = 250,
    revin: bool = False,
    rate_hz: float = 50.0,
    modality: Modality = "acc",
) -> "nn.Module":
    """Return a new encoder; torch's global generator gives its weights.

    Args:
        name: Name of the encoder.
        channels: Number of channels of a window.
        samples: Samples of a window, per channel.
        revin: Normalise each window inside the encoder. The encoder then does not see the direction of
            gravity.
        rate_hz: Samples a second, Hz.
        modality: The signal.

    Returns:
        A module (batch, channels, samples) -> (batch, dimension).

    Raises:
        UsageError: There is no such encoder, or it does not take such windows.
    """
    check_encoder(name)
    shape = WindowShape(channels, samples, rate_hz, modality)
    ENCODERS[name].check(shape, revin)
    encoder = ENCODERS[name].build(shape)
    if not revin:
        return encoder
    from torch import nn

    from wearcli.encoders.graph.normalise import RevIN

    return nn.Sequential(RevIN(channels), encoder)
