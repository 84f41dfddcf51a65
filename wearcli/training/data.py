"""The windows to train on: one or several stores seen as one, and the people set aside for validation."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wearcli.errors import InputError
from wearcli.modality import MIN_QUALITY
from wearcli.signals.store import WindowStore

if TYPE_CHECKING:
    from wearcli.training.methods.distill.teacher import Teacher

MIN_WEAR = 0.5  # windows of a sensor that lies on a table teach nothing about people


class TrainingData:
    """The windows of all stores, numbered on from one store to the next.

    Args:
        stores: Stores of windows that were cut alike.
        min_quality: Windows of a lower quality are not usable.

    Attributes:
        index: dataset, recording, participant (unique over stores; `name` is the participant within the set),
            placement, onset and seconds of every row; usable, false where the sensor was not worn or the
            quality is too low; movement_g; and for pairs of two signals who and time, seconds by the clock
            (without a clock the recording, and the time since its begin).
        partners: The windows of a teacher, once it is known which they are.
    """

    partners: "Partners | None" = None

    def __init__(self, stores: Sequence[WindowStore], min_quality: float = MIN_QUALITY) -> None:
        self.stores = list(stores)
        first = self.stores[0].settings
        for store in self.stores:
            here = store.settings
            if here.normalize != "none":
                raise InputError(
                    f"{store.folder}: windows are normalised ({here.normalize}): write the store with "
                    "--normalize none; an encoder gets windows as they were measured"
                )
            if (here.rate_hz, here.samples, len(here.channels), here.unit) != (
                first.rate_hz,
                first.samples,
                len(first.channels),
                first.unit,
            ):
                raise InputError(
                    f"{store.folder}: {_shape(store)}, unlike {self.stores[0].folder} with "
                    f"{_shape(self.stores[0])}: write the stores alike"
                )
        self.starts = np.concatenate(([0], np.cumsum([len(store) for store in self.stores])))
        parts = [_identify(store, number, min_quality) for number, store in enumerate(self.stores)]
        self.index = pd.concat(parts, ignore_index=True)

    def __len__(self) -> int:
        return int(self.starts[-1])

    def take(self, rows: np.ndarray) -> np.ndarray:
        """The windows (rows, samples, channels) float32 of these rows."""
        if len(self.stores) == 1:
            return self.stores[0].take(rows)
        settings = self.stores[0].settings
        out = np.empty((len(rows), settings.samples, len(settings.channels)), np.float32)
        stores = np.searchsorted(self.starts, rows, side="right") - 1
        for number in np.unique(stores):
            here = stores == number
            out[here] = self.stores[number].take(rows[here] - self.starts[number])
        return out

    def split(self, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Usable rows for training and for validation, no participant in both.

        Args:
            share: Share of the participants who validate: those whose name hashes lowest with the seed, so
                that a participant who joins the study moves few others. A single participant never does.
            seed: The seed of the run.
        """
        usable = self.index[self.index["usable"]]
        people = usable["participant"].unique()
        ranked = sorted(people, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
        count = (
            0 if share <= 0 or len(people) < 2 else min(max(1, round(share * len(people))), len(people) - 1)
        )
        aside = usable["participant"].isin(ranked[:count]).to_numpy()
        rows = usable.index.to_numpy()
        return rows[~aside], rows[aside]

    def people(self, rows: np.ndarray) -> dict[str, list[str]]:
        """The participants among these rows by set, as the study calls them."""
        sets = self.index.loc[rows].groupby("dataset", sort=True)["name"]
        return {str(dataset): sorted(names.unique().tolist()) for dataset, names in sets}

    def people_in_several_sets(self) -> list[str]:
        """Participants' names that more than one set has."""
        sets = self.index.groupby("name", sort=True)["dataset"].nunique()
        return sets.index[sets > 1].tolist()

    def describe(self, rows: np.ndarray) -> list[dict[str, object]]:
        """Name, participants, windows and hours of the sets among these rows."""
        chosen = self.index.loc[rows]
        return [
            {
                "name": str(name),
                "participants": int(part["participant"].nunique()),
                "windows": len(part),
                "hours": round(float(part["seconds"].sum()) / 3600, 2),
            }
            for name, part in chosen.groupby("dataset", sort=True)
        ]


@dataclass(frozen=True)
class Partners:
    """The teacher's windows.

    Attributes:
        data: All windows of the teacher's signal.
        rows: The row in `data` of the partner of a student's window; -1 for none.
        teacher: The teacher.
    """

    data: TrainingData
    rows: np.ndarray
    teacher: "Teacher"

    def take(self, rows: np.ndarray) -> np.ndarray:
        """The partners (rows, samples, channels) float32 of the student's rows."""
        return self.data.take(self.rows[rows])


def _identify(store: WindowStore, number: int, min_quality: float) -> pd.DataFrame:
    """The columns that training needs, participants and recordings made unique over sets and stores."""
    index, settings = store.index, store.settings
    # Windows that overlap share their seconds, and turned copies have none of their own.
    seconds = min(settings.stride_s, settings.window_s) * index["rotation"].isna()
    prefix = index["dataset"] + "/"
    usable = index["wear"].fillna(1.0) >= MIN_WEAR
    if "quality" in index:  # a store of before 0.2 has none
        usable &= index["quality"].fillna(1.0) >= min_quality
    clocked = index["start"].notna()
    epoch = pd.Timestamp(0, tz="UTC")
    seconds_by_clock = (index["start"] - epoch) / pd.Timedelta(seconds=1)
    return pd.DataFrame(
        {
            "dataset": index["dataset"],
            "recording": str(number) + "/" + prefix + index["recording"],
            "participant": prefix + index["participant"],
            "name": index["participant"],
            "placement": index["placement"],
            "onset": index["onset"],
            "seconds": seconds,
            "usable": usable.to_numpy(),
            "movement_g": index.get("movement_g", np.nan),
            "who": index["participant"].where(clocked, prefix + index["recording"]),
            "time": seconds_by_clock.where(clocked, index["onset"]) + (settings.align or 0.0),
        }
    )


def _shape(store: WindowStore) -> str:
    cut = store.settings
    return f"{cut.samples} samples of {len(cut.channels)} channels at {cut.rate_hz:g} Hz in {cut.unit}"
