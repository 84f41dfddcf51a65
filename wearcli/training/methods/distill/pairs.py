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
    """Find the partner of every window; those without are usable no more, nor those that move too much.

    A partner is of the same person and begins at the same time by the clock, to half a sample of each (of the
    same recording and onset where neither has a clock), and is good enough itself.
    `settings.max_movement` is the rule of stillness: the greatest mean amplitude deviation of a student's
    window, g. Raises InputError where that leaves nothing.
    """
    mine, theirs = data.index, partner.index
    slack = 0.5 / data.stores[0].settings.rate_hz + 0.5 / partner.stores[0].settings.rate_hz + 1e-3
    rows = matched(mine, theirs[theirs["usable"]], slack)
    found = mine["usable"].to_numpy() & (rows >= 0)
    still = found.copy()
    if max_movement is not None:
        still &= mine["movement_g"].to_numpy() <= max_movement
    worn = int(mine["usable"].sum())
    mine["usable"] = still
    if not found.any():
        raise InputError(_why_none(mine, theirs, data.stores[0].settings.modality, teacher.model.modality))
    if not still.any():
        raise InputError(
            f"none of {int(found.sum()):,} pairs moves less than {max_movement:g} g: give a greater "
            "--max-movement"
        )
    limit = "" if max_movement is None else f", {still.sum():,} of them still"
    say(f"{found.sum():,} of {worn:,} windows have a partner{limit}")
    return Partners(partner, rows, teacher)


def _why_none(mine: pd.DataFrame, theirs: pd.DataFrame, signal: str, other: str) -> str:
    if set(mine["who"]).isdisjoint(theirs["who"]):
        return (
            f"{signal} is of {mine['who'].iloc[0]}, {other} of {theirs['who'].iloc[0]}, and nobody has both: "
            "say whose each file is in recordings.csv"
        )
    return (
        f"no window of {signal} has a usable one of {other} of the same person and time: see 'wearcli "
        "inspect', --min-quality and --clock-offset; write stores with --align"
    )


def matched(mine: pd.DataFrame, theirs: pd.DataFrame, slack: float) -> np.ndarray:
    """Of each row of `mine` the label of the row of `theirs` of the same `who` and time, or -1.

    who: the person, or where no clock tells the time, the recording; time: seconds. slack: seconds between
    the two at most; of several the nearest.
    """
    sides = [
        pd.DataFrame({"who": side["who"], "us": (side["time"] * 1e6).round().astype(np.int64), name: rows})
        for side, name, rows in ((mine, "row", np.arange(len(mine))), (theirs, "partner", theirs.index))
    ]
    left, right = (side.sort_values("us", kind="stable") for side in sides)
    joined = pd.merge_asof(left, right, on="us", by="who", tolerance=round(slack * 1e6), direction="nearest")
    out = np.full(len(mine), -1, np.int64)
    out[joined["row"]] = joined["partner"].fillna(-1)
    return out
