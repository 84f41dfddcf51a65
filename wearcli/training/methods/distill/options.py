"""The options of distillation from a second sensor."""

from dataclasses import dataclass, field
from typing import Literal

from wearcli.modality import MODALITIES
from wearcli.options import option
from wearcli.training.methods.method import Cut, Method
from wearcli.training.methods.shared import ContrastOptions

Negatives = Literal["all", "own"]


@dataclass(frozen=True)
class DistillOptions(ContrastOptions):
    """The options of distillation."""

    teacher: str | None = field(
        default=None,
        metadata=option(
            "Model of another signal of the same people and time, such as ppg-v1, or a run folder; required.",
            metavar="MODEL",
        ),
    )
    train_teacher: bool = field(
        default=False, metadata=option("Let the teacher learn too; it must be a run folder.")
    )
    clock_offset: float = field(
        default=0.0, metadata=option("Time to add to the clock of the teacher's signal, seconds.")
    )
    max_movement: float | None = field(
        default=None,
        metadata=option(
            "Leave out windows with more movement (mean amplitude deviation), g.",
            above=0,
            modalities=lambda modality: MODALITIES[modality].movement,
            default_text="no limit",
        ),
    )
    near_seconds: float = field(
        default=120.0,
        metadata=option(
            "Windows of a person within this time of each other are no negatives, seconds.", minimum=0
        ),
    )
    negatives: Negatives = field(
        default="all",
        metadata=option("Whose windows are negatives: those of all people, or of the same person alone."),
    )
    augment: bool = field(
        default=True,
        metadata=option("Show both signals through random views, or else as measured.", off_switch=True),
    )


DISTILL = Method(
    name="distill",
    title="a second sensor as the teacher",
    options=DistillOptions,
    learner="wearcli.training.methods.distill.learner:DistillLearner",
    # A pulse moves a sensor by some mg: noise and warped time as for activities would drown it. A study of
    # both signals is small, and an encoder soon knows it by heart.
    defaults={
        "encoder": "ballistic",
        "temperature": 0.04,
        "max_movement": 0.03,
        "validate_every": 50,
        "patience": 10,
        "lr": 3e-3,
        "noise": 0.0005,
        "warp": 0.05,
    },
    # A minute, as in Abbaspourazad et al., arXiv 2412.11276, and another one every ten seconds.
    paired=Cut(window_s=60.0, stride_s=10.0),
)
