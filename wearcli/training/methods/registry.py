"""The methods by name: each says what is trained and which batch a step is made of.

A method is a module with two functions. `build(settings, data)` gives the objective, an nn.Module with the
`encoder` in it that is called with a batch and gives the loss.
`drawer(data, rows, settings, stream)` gives the batch of a step as a function of the step's number alone;
stream: TRAIN or VALIDATION, so that the two never draw alike.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch import nn

from wearcli.seeds import whole_number
from wearcli.training.data import TrainingData
from wearcli.training.loop import Batch
from wearcli.training.methods.distill import learner as distill
from wearcli.training.methods.masked import learner as masked
from wearcli.training.methods.multitask import learner as multitask
from wearcli.training.methods.participant import learner as participant
from wearcli.training.methods.relcon import learner as relcon
from wearcli.training.methods.simclr import learner as simclr
from wearcli.training.methods.supervised import learner as supervised
from wearcli.training.settings import Settings


class Method(Protocol):
    """What a module of this folder offers."""

    def build(self, settings: Settings, data: TrainingData) -> nn.Module:
        """Give the objective; weights are drawn from torch's global generator, which the caller seeds."""

    def drawer(
        self, data: TrainingData, rows: np.ndarray, settings: Settings, stream: int
    ) -> Callable[[int], Batch]:
        """Give the batch of a step; raises InputError where the rows cannot make one."""


METHODS: dict[str, Method] = {
    "simclr": simclr,
    "relcon": relcon,
    "masked": masked,
    "supervised": supervised,
    "multitask": multitask,
    "participant": participant,
    "distill": distill,
}


def build_objective(settings: Settings, data: TrainingData) -> nn.Module:
    """The objective with a fresh encoder; its weights follow from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(whole_number(settings.seed, "encoder weights"))
        return METHODS[settings.method].build(settings, data)
