"""Pairs of windows of one person and time, of two sensors: what a teacher shows to its student."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from wearcli.errors import InputError
from wearcli.training.data import Partners, TrainingData
from wearcli.training.methods.distill.teacher import Teacher


def pair_windows(
    data: TrainingData,
    partner: TrainingData,
    teacher: Teacher,
    max_movement: float | None,
    say: Callable[[str], None] = lambda message: None,
) -> Partners:
    """The partners of the windows; a window without one, or with too much movement, is usable no more.

    A partner is of the same person and begins at the same time by the clock, to half a sample of both (of the
    same recording and onset where neither has a clock), and is good enough itself.

    Args:
        data: The student's windows.
        partner: The windows of the teacher's signal.
        teacher: The teacher.
        max_movement: Greatest mean amplitude deviation of a student's window, g; None for any.
        say: Called with each line for people.

    Raises:
        InputError: That leaves nothing.
    """
    student, theirs = data.index, partner.index
    slack = 0.5 / data.stores[0].settings.rate_hz + 0.5 / partner.stores[0].settings.rate_hz + 1e-3
    rows = matched(student, theirs[theirs["usable"]], slack)
    paired = student["usable"].to_numpy() & (rows >= 0)
    still = paired.copy()
    if max_movement is not None:
        still &= student["movement_g"].to_numpy() <= max_movement
    worn = int(student["usable"].sum())
    student["usable"] = still
    if not paired.any():
        raise InputError(_why_none(student, theirs, data.stores[0].settings.modality, teacher.model.modality))
    if not still.any():
        raise InputError(
            f"none of {int(paired.sum()):,} pairs moves less than {max_movement:g} g: give a greater "
            "--max-movement"
        )
    limit = "" if max_movement is None else f", {still.sum():,} of them still"
    say(f"{paired.sum():,} of {worn:,} windows have a partner{limit}")
    return Partners(partner, rows, teacher)


def _why_none(student: pd.DataFrame, theirs: pd.DataFrame, signal: str, other: str) -> str:
    if set(student["who"]).isdisjoint(theirs["who"]):
        return (
            f"{signal} is of {student['who'].iloc[0]}, {other} of {theirs['who'].iloc[0]}, nobody has both: "
            "say whose each file is in recordings.csv"
        )
    return (
        f"no window of {signal} has a usable one of {other} of the same person and time: see 'wearcli "
        "inspect', --min-quality and --clock-offset; write stores with --align"
    )


def matched(student: pd.DataFrame, theirs: pd.DataFrame, slack: float) -> np.ndarray:
    """The row of `theirs` with the same `who` and time, for the rows of `student`.

    Args:
        student: who (the person, or without a clock the recording) and time, seconds.
        theirs: The same of the teacher's signal.
        slack: Greatest time between the two, seconds; among several the nearest counts.

    Returns:
        (rows of `student`,) int64 labels of `theirs`; -1 for none.
    """
    sides = [
        pd.DataFrame({"who": side["who"], "us": (side["time"] * 1e6).round().astype(np.int64), name: rows})
        for side, name, rows in ((student, "row", np.arange(len(student))), (theirs, "partner", theirs.index))
    ]
    left, right = (side.sort_values("us", kind="stable") for side in sides)
    joined = pd.merge_asof(left, right, on="us", by="who", tolerance=round(slack * 1e6), direction="nearest")
    out = np.full(len(student), -1, np.int64)
    out[joined["row"]] = joined["partner"].fillna(-1)
    return out
