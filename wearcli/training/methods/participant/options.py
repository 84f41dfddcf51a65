"""The options of participant-level contrast."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wearcli.options import option
from wearcli.training.methods.method import Method
from wearcli.training.methods.shared import ContrastOptions

Positives = Literal["participant", "segment"]
PAPER_WINDOW_S = {"ppg": 60.0, "ecg": 30.0}


@dataclass(frozen=True)
class ParticipantOptions(ContrastOptions):
    """The options of participant-level contrast."""

    positives: Positives = field(
        default="participant",
        metadata=option("What a pair is made of: two segments of a participant, or one segment seen twice."),
    )
    koleo: float = field(
        default=0.1,
        metadata=option(
            "Weight of the KoLeo loss, which spreads the embeddings; 0 leaves it out.", minimum=0
        ),
    )
    momentum: float = field(
        default=0.99,
        metadata=option(
            "Momentum of the slow copy that embeds the other side of a pair; 0 has no copy.",
            minimum=0,
            below=1,
        ),
    )


def _paper_window(options: Mapping[str, Any]) -> dict[str, Any]:
    modality = options.get("modality")
    if options.get("preset") != "paper" or modality not in PAPER_WINDOW_S:
        return {}
    return {"window": PAPER_WINDOW_S[modality]}


PARTICIPANT = Method(
    name="participant",
    title="contrast of people",
    options=ParticipantOptions,
    learner="wearcli.training.methods.participant.learner:ParticipantLearner",
    defaults={"temperature": 0.04},
    # Abbaspourazad et al., ICLR 2024, arXiv 2312.05409, section 4.
    paper={
        "encoder": "efficientnet",
        "temperature": 0.04,
        "batch": 256,
        "lr": 1e-3,
        "weight_decay": 1e-5,
        "schedule": "step",
        "warmup": 0,
        "clip_norm": 0.0,
        "patience": 0,
    },
    depending=_paper_window,
)
