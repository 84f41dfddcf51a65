"""The options of supervised learning."""

from dataclasses import dataclass

from wearcli.training.methods.method import Method
from wearcli.training.methods.shared import LabelOptions


@dataclass(frozen=True)
class SupervisedOptions(LabelOptions):
    """The options of supervised learning."""


SUPERVISED = Method(
    name="supervised",
    title="classes or amounts of labelled windows",
    options=SupervisedOptions,
    learner="wearcli.training.methods.supervised.learner:SupervisedLearner",
)
