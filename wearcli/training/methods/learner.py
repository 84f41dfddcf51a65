"""What a training method does at each point of a run."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import nn

from wearcli.encoders import ENCODERS, build
from wearcli.seeds import whole_number
from wearcli.training.data import TrainingData
from wearcli.training.log import Report
from wearcli.training.loop import Batch
from wearcli.training.methods.registry import METHODS
from wearcli.training.settings import Settings
from wearcli.training.stores import Failed
from wearcli.training.views.choose import Views, views

OptionsType = TypeVar("OptionsType")
Say = Callable[[str], None]


@dataclass(frozen=True)
class FirstStage:
    """What a stage before the encoder's hands to the run.

    Attributes:
        report: What the encoder's stage reports to.
        result: The result of a run that ends here; None where the encoder is trained next.
    """

    report: Report
    result: dict[str, Any] | None = None


class Learner(ABC, Generic[OptionsType]):
    """A method with the settings of a run.

    A method must say what is trained (`objective`) and what a step is made of (`batches`). The other
    functions are the points of a run at which some methods do more; here they do nothing.

    Args:
        settings: The settings of the run.
        options: The method's own options among them.
    """

    def __init__(self, settings: Settings, options: OptionsType) -> None:
        self.settings, self.options = settings, options

    @abstractmethod
    def objective(self, data: TrainingData) -> nn.Module:
        """A new objective: a module with the `encoder` in it that is called with a batch and gives the loss.

        Its weights are drawn from torch's global generator, which the caller seeds.
        """

    @abstractmethod
    def batches(self, data: TrainingData, rows: np.ndarray, stream: int) -> Callable[[int], Batch]:
        """The batch of a step as a function of the step's number alone.

        Args:
            data: All windows.
            rows: Those to draw from.
            stream: TRAIN or VALIDATION; the two never draw alike.

        Raises:
            InputError: The rows cannot make a batch.
        """

    def check(self) -> None:
        """Raise UsageError for settings that the method cannot have; before anything is written."""

    def check_new(self) -> None:
        """Raise UsageError where a new run lacks something that a run that goes on has in its folder."""

    def begin(self, run: Path) -> None:
        """Put what the run needs later into its new folder."""

    def attach(self, data: TrainingData, run: Path, say: Say) -> Failed:
        """Give the windows what the method learns from, such as labels; returns what could not be read."""
        return []

    def settle(self, data: TrainingData, train: np.ndarray, run: Path, say: Say) -> dict[str, Any]:
        """Options that follow from the windows to train on; the folder of a new run gets what they name."""
        return {}

    def first_stage(
        self,
        objective: nn.Module,
        data: TrainingData,
        rows: tuple[np.ndarray, np.ndarray],
        run: Path,
        device: torch.device,
        report: Report,
        say: Say,
    ) -> FirstStage:
        """Train what the encoder needs first; rows: those to train on, and those to validate on."""
        return FirstStage(report)

    def finish(self, encoder: nn.Module, data: TrainingData, train: np.ndarray, say: Say) -> nn.Module:
        """The encoder to export, from the one that was trained."""
        return encoder

    def describe_sets(self, data: TrainingData, sets: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The training sets as config.json has them, with what the method learned of each."""
        return sets

    def model_facts(self, data: TrainingData) -> dict[str, Any]:
        """What config.json of the model says beside what is said of every model."""
        return {}

    def encoder(self, data: TrainingData) -> nn.Module:
        """A new encoder for these windows: (batch, channels, samples) -> (batch, dimension)."""
        run, windows = self.settings.run, data.stores[0].settings
        channels = len(windows.channels)
        return build(run.encoder, channels, windows.samples, run.revin, windows.rate_hz, windows.modality)

    @property
    def dimension(self) -> int:
        """The dimension of the encoder's embedding."""
        return ENCODERS[self.settings.run.encoder].dimension

    def views(self, modality: str | None = None) -> Views:
        """The random views of a window of the run's signal, or of another one."""
        return views(self.settings.views, modality or self.settings.data.modality)


def start_learner(settings: Settings) -> Learner[Any]:
    """The method of the settings, ready to run."""
    module, _, name = METHODS[settings.run.method].learner.partition(":")
    learner: Learner[Any] = getattr(import_module(module), name)(settings, settings.own)
    return learner


def new_objective(learner: Learner[Any], data: TrainingData) -> nn.Module:
    """The objective with a fresh encoder; its weights follow from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(whole_number(learner.settings.run.seed, "encoder weights"))
        return learner.objective(data)
