"""Folds by participant: nobody is ever on both sides."""

import numpy as np

INNER_FOLDS = 3
# Of few samples one draw of inner folds tells choices apart by chance: as many draws as make this many
# predictions, within reason.
PREDICTIONS, MOST_DRAWS = 500, 5


def group_folds(
    participants: np.ndarray,
    groups: np.ndarray,
    classes: np.ndarray | None,
    folds: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """The fold in which each sample is held out where whole groups are left out, such as sets or placements.

    A group whose people are in no other is one fold. Else its people are held out in `folds` parts, so that
    the others still train on the groups that are left (`Problem.training` drops both). Folds are numbered by
    group, then part. participants, groups: (n,) codes 0 .. P - 1 and 0 .. G - 1, each present.
    """
    people = int(participants.max()) + 1
    part = participant_folds(participants, classes, min(folds, people), rng) if people > 1 else participants
    pairs = np.unique(np.stack([participants, groups], axis=1), axis=0)
    shared = np.bincount(pairs[:, 0], minlength=people) > 1
    for group in range(int(groups.max()) + 1):
        members = groups == group
        if not shared[participants[members]].any():
            part = np.where(members, 0, part)
    return np.unique(np.stack([groups, part], axis=1), axis=0, return_inverse=True)[1].reshape(-1)


def participant_folds(
    participants: np.ndarray, classes: np.ndarray | None, folds: int, rng: np.random.Generator
) -> np.ndarray:
    """The fold (0 .. folds - 1) in which each sample is held out; all samples of a participant share it.

    participants: (n,) codes 0 .. P - 1, each present. classes: (n,) codes, or None for a regression.
    Folds are balanced by samples, of every class where that is possible. A participant has its share of
    each class's samples; from the largest shares to the smallest, a participant goes to the fold whose
    shares so far overlap least with its own, which keeps the sum of squared shares low.
    `folds` is at most P, and no fold is empty. The same `rng` state gives the same folds.
    """
    n_participants = int(participants.max()) + 1
    if not 2 <= folds <= n_participants:
        raise ValueError(f"{folds} folds of {n_participants} participants")
    if classes is None:
        classes = np.zeros(len(participants), np.int64)
    counts = np.zeros((n_participants, int(classes.max()) + 1))
    np.add.at(counts, (participants, classes), 1)
    shares = counts / np.maximum(counts.sum(axis=0), 1)
    order = rng.permutation(n_participants)  # between equals, chance decides
    order = order[np.argsort(-shares[order].max(axis=1), kind="stable")]

    held = np.zeros((folds, shares.shape[1]))
    people = np.zeros(folds, np.int64)
    person_fold = np.empty(n_participants, np.int64)
    for done, person in enumerate(order):
        overlap = held @ shares[person]
        if n_participants - done == np.count_nonzero(people == 0):
            overlap = np.where(people == 0, overlap, np.inf)
        fold = np.lexsort((people, overlap.round(12)))[0]
        person_fold[person] = fold
        held[fold] += shares[person]
        people[fold] += 1
    return np.asarray(person_fold[participants])


def inner_folds(
    participants: np.ndarray, truth: np.ndarray | None, rng: np.random.Generator, folds: int = INNER_FOLDS
) -> np.ndarray | None:
    """The inner fold of each training sample, by participant; None where there is only one participant.

    Args:
        participants: (n,) names or codes.
        truth: (n,) class codes, by which folds are balanced; None for a regression.
        rng: Decides between equals.
        folds: How many, at most one a participant.
    """
    people, codes = np.unique(participants, return_inverse=True)
    if len(people) < 2:
        return None
    return participant_folds(codes, truth, min(folds, len(people)), rng)


def inner_draws(
    participants: np.ndarray, truth: np.ndarray | None, rng: np.random.Generator
) -> list[np.ndarray]:
    """The `inner_folds` by which a hyper-parameter is chosen, several draws of them where samples are few.

    Returns:
        (n,) of each draw; no draw where there is only one participant.
    """
    draws = int(np.clip(PREDICTIONS // len(participants), 1, MOST_DRAWS))
    several = (inner_folds(participants, truth, rng) for _ in range(draws))
    return [inner for inner in several if inner is not None]
