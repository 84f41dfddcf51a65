"""What the methods that learn from labels have in common."""

from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from wearcli.training.data import TrainingData
from wearcli.training.labels import check_labels, label_windows
from wearcli.training.methods.learner import Learner, Say
from wearcli.training.methods.shared import LabelOptions
from wearcli.training.stores import Failed

LabelOptionsType = TypeVar("LabelOptionsType", bound=LabelOptions)


class LabelledLearner(Learner[LabelOptionsType]):
    """A method whose windows have labels.

    Attributes:
        learns_amounts: Whether it learns amounts too, and has no use for windows without label or amount.
    """

    learns_amounts = False

    def check(self) -> None:
        """Raise UsageError where there are no labels."""
        check_labels(self.settings, self.options)

    def attach(self, data: TrainingData, run: Path, say: Say) -> Failed:
        """Give the windows their labels."""
        label_windows(data, self.settings, self.options, self.learns_amounts, say)
        return []

    def describe_sets(self, data: TrainingData, sets: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The sets with their classes, or the column of their amounts."""
        classes, amounts = self.class_names(data), self.amount_scales(data)
        return [
            {
                **described,
                **({"classes": classes[name]} if name in classes else {}),
                **({"target": self.options.target} if name in amounts else {}),
            }
            for described in sets
            for name in (str(described["name"]),)
        ]

    def class_names(self, data: TrainingData) -> dict[str, list[str]]:
        """The classes of the people who train, by set."""
        labels = self._training_rows(data).dropna(subset="label").groupby("dataset", sort=True)["label"]
        return {str(name): sorted(values.unique().tolist()) for name, values in labels}

    def amount_scales(self, data: TrainingData) -> dict[str, tuple[float, float]]:
        """Mean and deviation of the amounts over the windows of the people who train, by set."""
        amounts = self._training_rows(data).dropna(subset="amount").groupby("dataset", sort=True)["amount"]
        # All who train may have the same amount: then only the mean is taken off.
        return {
            str(name): (float(values.mean()), float(values.std(ddof=0)) or 1.0) for name, values in amounts
        }

    def class_codes(self, data: TrainingData, rows: np.ndarray) -> np.ndarray:
        """The class of each row, numbered on from one set to the next; -1 where nobody trains it."""
        part = data.index.loc[rows]
        classes = [(name, label) for name, labels in self.class_names(data).items() for label in labels]
        number = {pair: code for code, pair in enumerate(classes)}
        pairs = zip(part["dataset"], part["label"], strict=True)
        return np.array([number.get(pair, -1) for pair in pairs], np.int64)

    def _training_rows(self, data: TrainingData) -> Any:
        train, _ = data.split(self.settings.validation.validation, self.settings.run.seed)
        return data.index.loc[train]
