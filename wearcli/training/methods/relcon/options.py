"""RelCon's options."""

from dataclasses import dataclass, field
from typing import Literal

from wearcli.options import option
from wearcli.training.methods.method import Method
from wearcli.training.methods.shared import ContrastOptions

Stage = Literal["both", "distance"]
DistanceLoss = Literal["log", "squares"]


@dataclass(frozen=True)
class RelconOptions(ContrastOptions):
    """The options of RelCon: its candidates, and its first stage, which learns the distance."""

    within: int = field(
        default=20, metadata=option("Number of an anchor's candidates from its own person.", minimum=1)
    )
    between: int = field(
        default=20, metadata=option("Number of an anchor's candidates from other people.", minimum=0)
    )
    within_seconds: float = field(
        default=3600.0,
        metadata=option("Greatest time between the windows of one person in a step, seconds.", above=0),
    )
    anchors_per_person: int = field(
        default=0,
        metadata=option(
            "Number of the within + 1 windows of a person in a step that are anchors; 0 takes all.", minimum=0
        ),
    )
    reuse: int = field(
        default=8,
        metadata=option(
            "Number of steps that use a batch and its distances, each with new views.", minimum=1
        ),
    )
    stage: Stage = field(
        default="both",
        metadata=option("How much is trained; distance stops as soon as the distance is learned."),
    )
    distance: str | None = field(
        default=None,
        metadata=option(
            "Run folder whose learned distance is used.", metavar="RUN", default_text="it is learned"
        ),
    )
    distance_steps: int = field(default=500, metadata=option("Length of the first stage in steps.", above=0))
    distance_epochs: float | None = field(
        default=None,
        metadata=option(
            "Length of the first stage in epochs (one epoch = as many pairs as training windows).",
            above=0,
            default_text="--distance-steps",
        ),
    )
    distance_batch: int = field(
        default=64, metadata=option("Number of pairs a step of the first stage.", minimum=1)
    )
    distance_lr: float = field(default=3e-3, metadata=option("Learning rate of the first stage.", above=0))
    distance_loss: DistanceLoss = field(
        default="log",
        metadata=option("Loss of the first stage: the logarithm of the squared error, or the squared error."),
    )


RELCON = Method(
    name="relcon",
    title="relative contrast by a learned distance",
    options=RelconOptions,
    learner="wearcli.training.methods.relcon.learner:RelconLearner",
    modalities=("acc",),
    defaults={"batch": 168},
    # Xu et al., ICLR 2025, arXiv 2411.18822, section 4, and the authors' code: 64 anchors, each with 20
    # windows of the same hour of its person and the 63 other anchors.
    paper={
        "encoder": "relcon",
        "rate": 100.0,
        "window": 2.56,
        "epochs": 100.0,
        "batch": 64,
        "between": 63,
        "anchors_per_person": 1,
        "reuse": 1,
        "max_degrees": 0.0,
        "noise": 0.0,
        "scale": 0.0,
        "warp": 0.0,
        "lr": 1e-6,
        "weight_decay": 0.0,
        "schedule": "constant",
        "warmup": 0,
        "clip_norm": 0.0,
        "patience": 0,
        "distance_epochs": 10.0,
        "distance_lr": 1e-3,
        "distance_loss": "squares",
    },
)
