"""Folds by participant: nobody is ever both in training and in the test."""

import numpy as np

INNER_FOLDS = 3
# With few samples, one draw of inner folds separates choices by chance. Draws are added up to this many
# predictions, within reason.
PREDICTIONS, MOST_DRAWS = 500, 5


def group_folds(
    participants: np.ndarray,
    groups: np.ndarray,
    classes: np.ndarray | None,
    folds: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the fold in which each sample is held out when whole groups are left out.

    A group is for example a set or a placement. A group whose people are in no other group is one fold.
    Otherwise its people are held out in `folds` parts, so that the other people still train on the remaining
    groups (`Problem.training` drops both). Folds are numbered by group, then by part.

    Args:
        participants: (n,) codes 0 .. P - 1, each present.
        groups: (n,) codes 0 .. G - 1, each present.
        classes: (n,) codes, or None for a regression.
        folds: How many parts a group's people are held out in.
        rng: Decides between equals.

    Returns:
        (n,) folds.
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
    """Return the fold in which each sample is held out; all samples of a participant share it.

    Folds are balanced by samples, in every class where that is possible. A participant has a share of each
    class's samples. Participants are placed from the largest shares to the smallest. Each goes to the fold
    whose shares so far overlap least with its own, which keeps the sum of squared shares low. No fold is
    empty. The same `rng` state gives the same folds.

    Args:
        participants: (n,) codes 0 .. P - 1, each present.
        classes: (n,) codes, or None for a regression.
        folds: How many folds, at most P.
        rng: Decides between equals.

    Returns:
        (n,) folds 0 .. folds - 1.
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
    """Return the inner fold of each training sample, by participant.

    Args:
        participants: (n,) names or codes.
        truth: (n,) class codes, by which folds are balanced; None for a regression.
        rng: Decides between equals.
        folds: How many folds, at most one for each participant.

    Returns:
        (n,) folds; None where there is only one participant.
    """
    people, codes = np.unique(participants, return_inverse=True)
    if len(people) < 2:
        return None
    return participant_folds(codes, truth, min(folds, len(people)), rng)


def inner_draws(
    participants: np.ndarray, truth: np.ndarray | None, rng: np.random.Generator
) -> list[np.ndarray]:
    """Return the `inner_folds` by which a hyper-parameter is chosen, several draws where samples are few.

    Args:
        participants: (n,) names or codes.
        truth: (n,) class codes, by which folds are balanced; None for a regression.
        rng: Generator of the draws.

    Returns:
        (n,) folds of each draw; no draw where there is only one participant.
    """
    draws = int(np.clip(PREDICTIONS // len(participants), 1, MOST_DRAWS))
    several = (inner_folds(participants, truth, rng) for _ in range(draws))
    return [inner for inner in several if inner is not None]
