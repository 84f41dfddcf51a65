"""The options of contrast and labels at once."""

from dataclasses import dataclass, field

from wearcli.options import option
from wearcli.training.methods.method import Method
from wearcli.training.methods.shared import ContrastOptions, LabelOptions, PairOptions


@dataclass(frozen=True)
class MultitaskOptions(LabelOptions, PairOptions, ContrastOptions):
    """The options of contrast and labels at once."""

    contrast: float = field(
        default=1.0,
        metadata=option("Weight of the loss of the pairs beside that of the labels.", minimum=0),
    )
    whiten: bool = field(
        default=True,
        metadata=option(
            "Whiten the trained embedding within classes: what tells no classes apart becomes small.",
            off_switch=True,
        ),
    )


MULTITASK = Method(
    name="multitask",
    title="contrast and labels at once",
    options=MultitaskOptions,
    learner="wearcli.training.methods.multitask.learner:MultitaskLearner",
    defaults={"encoder": "streams"},
)
