"""SimCLR's options."""

from dataclasses import dataclass

from wearcli.training.methods.method import Method
from wearcli.training.methods.shared import ContrastOptions, PairOptions


@dataclass(frozen=True)
class SimclrOptions(PairOptions, ContrastOptions):
    """The options of SimCLR."""


SIMCLR = Method(
    name="simclr",
    title="contrast of windows near in time",
    options=SimclrOptions,
    learner="wearcli.training.methods.simclr.learner:SimclrLearner",
)
