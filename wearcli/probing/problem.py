"""One target of a task: the samples that a probe of it is fitted on, and when each is held out."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Labelled:
    """A share of the labels: the first of a random order within each class.

    The labels of a smaller share are a part of those of a larger one. Every class keeps at least one label, a
    regression at least two.

    Attributes:
        share: Share of the labels, 0 to 1.
        order: (n,) a random rank of each sample.
    """

    share: float
    order: np.ndarray

    def among(self, rows: np.ndarray, classes: np.ndarray | None) -> np.ndarray:
        """Return which samples have labels that are used.

        Args:
            rows: (n,) bool, the samples to choose from.
            classes: (n,) codes, or None for a regression.

        Returns:
            (n,) bool.
        """
        kept = np.zeros(len(rows), bool)
        for code in [None] if classes is None else np.unique(classes[rows]):
            members = np.flatnonzero(rows if code is None else rows & (classes == code))
            count = max(1 if code is not None else 2, round(self.share * len(members)))
            kept[members[np.argsort(self.order[members], kind="stable")[:count]]] = True
        return kept


@dataclass(frozen=True)
class Problem:
    """One target, and the samples that every probe of it is fitted on.

    Attributes:
        vectors: "embedding" and maybe "features", (n, D) float32.
        rows: (n,) which of the study's samples these are: those with a value of the target.
        truth: (n,) class codes or float64 values.
        participants: (n,) codes.
        fold: (n,) the fold in which each sample is held out, -1 for one that only ever trains.
        classify: Whether `truth` has classes.
        group: (n,) codes of what is left out as a whole beside people, such as a placement.
        labelled: Which labels may be used; None: all.
    """

    vectors: dict[str, np.ndarray]
    rows: np.ndarray
    truth: np.ndarray
    participants: np.ndarray
    fold: np.ndarray
    classify: bool
    group: np.ndarray | None = None
    labelled: Labelled | None = None

    def training(self, fold: int) -> np.ndarray:
        """Return the samples on which the probe of a fold is fitted.

        They have no person of the fold, and no sample of its group. A fold without people stands for
        recordings to come: everybody trains, except an outside set.

        Args:
            fold: Number of the fold.

        Returns:
            (n,) bool.
        """
        held = self.fold == fold
        if not held.any() and (self.fold < 0).any():
            held = self.fold >= 0
        train = ~np.isin(self.participants, np.unique(self.participants[held]))
        if self.group is not None:
            train &= ~np.isin(self.group, np.unique(self.group[held]))
        if self.labelled is not None:
            train = self.labelled.among(train, self.truth if self.classify else None)
        return train

    def scored(self) -> "Problem":
        """Return the problem with the samples that are held out in some fold."""
        held = self.fold >= 0
        return self if held.all() else self.only(held)

    def for_target(self, column: int, chosen: np.ndarray | None) -> "Problem":
        """Return the problem of one of several targets.

        Args:
            column: Number of the target.
            chosen: (n,) bool, the samples to keep; None: all.

        Returns:
            The problem of the target.
        """
        single = replace(self, truth=self.truth[:, column])
        return single if chosen is None else single.only(chosen)

    def only(self, chosen: np.ndarray) -> "Problem":
        """Return the problem with some of its samples.

        Args:
            chosen: (n,) bool, the samples to keep.

        Returns:
            The smaller problem.
        """
        return replace(
            self,
            vectors={name: values[chosen] for name, values in self.vectors.items()},
            rows=self.rows[chosen],
            truth=self.truth[chosen],
            participants=self.participants[chosen],
            fold=self.fold[chosen],
            group=None if self.group is None else self.group[chosen],
        )
