"""What the options of `wearcli pretrain` choose from."""

from enum import StrEnum


class Method(StrEnum):
    """Objectives."""

    simclr = "simclr"
    relcon = "relcon"
    masked = "masked"
    supervised = "supervised"
    multitask = "multitask"
    participant = "participant"
    distill = "distill"


class Preset(StrEnum):
    """Where the other defaults come from."""

    default = "default"
    paper = "paper"


class Stage(StrEnum):
    """How much of a run of two stages."""

    both = "both"
    distance = "distance"


class DistanceLoss(StrEnum):
    """Of the first stage."""

    log = "log"
    squares = "squares"


class Schedule(StrEnum):
    """Of the learning rate."""

    cosine = "cosine"
    constant = "constant"
    step = "step"


class Encoder(StrEnum):
    """Encoders."""

    fast = "fast"
    relcon = "relcon"
    streams = "streams"
    pulse = "pulse"
    efficientnet = "efficientnet"
    efficientnet_small = "efficientnet-small"
    transformer = "transformer"
    ballistic = "ballistic"


class Negatives(StrEnum):
    """Whose windows a pair of distill must be told from."""

    all = "all"
    own = "own"


class Positives(StrEnum):
    """What makes a pair of the participant-level contrast."""

    participant = "participant"
    segment = "segment"


class Device(StrEnum):
    """Where to train."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class Precision(StrEnum):
    """How to multiply."""

    auto = "auto"
    bf16 = "bf16"
    fp32 = "fp32"
