"""Predicted bouts as BIDS events: a `*_events.tsv` a recording, its columns described in `events.json`."""

import json
import re
from bisect import bisect_left
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

MARK = "events.json"  # every folder of events has it
_ILLEGAL = re.compile(r"[^\w+-]")  # in a file's name; the dot too, for readers take what follows as a suffix


class EventsFolder:
    """Writes bouts of recordings as `wearcli` reads labels (`recordings.study.sidecars.read_target_table`).

    A reader takes a file for every recording whose name begins like the file's name. Where that is not one
    recording alone, as its name has a slash or another name begins alike, a column names the recording.

    Args:
        folder: The folder to write into.
        classes: The classes of the probe.
        document: What made the predictions.
        names: Names of all recordings.
    """

    def __init__(
        self, folder: Path, classes: list[str], document: Mapping[str, object], names: Collection[str]
    ) -> None:
        self._folder, self._classes, self._document = folder, classes, document
        self._names = sorted(name.split("/")[-1] for name in names)
        self._taken: set[str] = set()

    def write(self, rows: pd.DataFrame) -> None:
        """Write the bouts of one recording; without bouts there is no file."""
        if not len(rows):
            return
        events = pd.DataFrame(
            {
                "onset": rows["onset"].round(6),
                "duration": rows["duration"].round(6),
                "trial_type": rows["label"],
                "confidence": rows["confidence"].astype(np.float64).round(4),
            }
        )
        recording = str(rows["recording"].iloc[0])
        stem = self._file_stem(recording)
        if stem != recording or self._begin_alike(stem) > 1:
            events["recording"] = recording
        events.to_csv(self._folder / f"{stem}_events.tsv", sep="\t", index=False, na_rep="n/a")

    def close(self) -> None:
        """Write the sidecar."""
        about = {
            "onset": {
                "Description": "Beginning of the bout, from the beginning of the recording",
                "Units": "s",
            },
            "duration": {"Description": "Length of the bout", "Units": "s"},
            "trial_type": {
                "Description": f"Predicted class of the task {self._document['task']}",
                "Levels": {name: f"predicted to be {name}" for name in self._classes},
            },
            "confidence": {"Description": "Mean probability of the class over the bout", "Range": [0, 1]},
            "recording": {"Description": "The recording, where the file's name does not say it"},
            "wearcli": self._document,
        }
        (self._folder / MARK).write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n")

    def _begin_alike(self, stem: str) -> int:
        first = bisect_left(self._names, stem)
        return bisect_left(self._names, stem + chr(0x10FFFF)) - first

    def _file_stem(self, recording: str) -> str:
        """A legal name that no other file has, also where capitals do not count."""
        stem = name = _ILLEGAL.sub("-", recording)
        number = 2
        while name.lower() in self._taken:
            name, number = f"{stem}-{number}", number + 1
        self._taken.add(name.lower())
        return name
