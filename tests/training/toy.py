"""A training method in one module: options, objective and batches. As a script it is the command line.

The objective is an encoder whose embedding shall have the mean `aim`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from wearcli.options import option
from wearcli.training.data import TrainingData
from wearcli.training.loop import Batch
from wearcli.training.methods.learner import Learner
from wearcli.training.methods.method import Method
from wearcli.training.methods.registry import METHODS


@dataclass(frozen=True)
class ToyOptions:
    """The options of the toy."""

    aim: float = field(default=0.25, metadata=option("Mean that embeddings shall have.", maximum=3))
    whole: bool = field(default=True, metadata=option("Aim at the whole window.", off_switch=True))


class ToyObjective(nn.Module):
    """The squared distance of the mean from the aim."""

    def __init__(self, encoder: nn.Module, aim: float) -> None:
        super().__init__()
        self.encoder, self.aim = encoder, aim

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """windows: (n, samples, channels) -> the loss."""
        return (self.encoder(windows.transpose(1, 2)).mean() - self.aim).square()


class ToyLearner(Learner[ToyOptions]):
    """The toy with the settings of a run."""

    def objective(self, data: TrainingData) -> nn.Module:
        """The encoder and its aim."""
        return ToyObjective(self.encoder(data), self.options.aim)

    def batches(self, data: TrainingData, rows: np.ndarray, stream: int) -> Callable[[int], Batch]:
        """The first windows, at each step."""
        windows = torch.from_numpy(data.take(rows[: self.settings.optimisation.batch]))
        return lambda step: (windows,)


TOY = Method("toy", "embeddings of a mean", ToyOptions, f"{__name__}:ToyLearner", defaults={"batch": 4})

if __name__ == "__main__":
    METHODS["toy"] = TOY
    from wearcli.cli.app import main

    main()
