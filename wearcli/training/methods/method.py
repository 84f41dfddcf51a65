"""What is known of a training method before torch is loaded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wearcli.options import OptionField, option_fields
from wearcli.training.methods.shared import LabelOptions

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Cut:
    """Windows of recordings that a method cuts otherwise than the signal's usual ones.

    Attributes:
        window_s: Length of a window, seconds.
        stride_s: Time from the begin of a window to that of the next, seconds.
    """

    window_s: float
    stride_s: float


@dataclass(frozen=True)
class Method:
    """A training method.

    Attributes:
        name: Its name for --method.
        title: What it is, for the title of its panel in the help.
        options: The dataclass of its own options.
        learner: Where its `Learner` is, as "module:Class"; imported when a run begins.
        defaults: Options that train best here with another value than the default of their field.
        paper: All options of the method's paper; None where no preset has them.
        depending: Further defaults that depend on the options given.
        modalities: The signals that it learns from; empty for all.
        paired: How windows are cut where a second signal of the same people and time teaches the first; None
            where one signal is learned from alone.
    """

    name: str
    title: str
    options: type
    learner: str
    defaults: Values = field(default_factory=dict)
    paper: Values | None = None
    depending: Callable[[Values], Values] = lambda options: {}
    modalities: tuple[str, ...] = ()
    paired: Cut | None = None

    @property
    def own_options(self) -> tuple[OptionField, ...]:
        """The options that this method has beside the common ones."""
        return option_fields(self.options)

    @property
    def learns_from_labels(self) -> bool:
        """Whether its windows need labels."""
        return issubclass(self.options, LabelOptions)
