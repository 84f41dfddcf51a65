"""A saved probe applied to the windows of recordings: a row a window, an epoch or a participant."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

from wearcli.errors import UsageError
from wearcli.labels.streaming import Epochs, People
from wearcli.labels.windows import UsableWindows, select_windows
from wearcli.probing.kinds import input_column
from wearcli.probing.saved import SavedProbe


class Application:
    """A probe on its way over recordings that come in parts; what is held is an epoch, not the recording.

    Args:
        saved: The probe folder as loaded.
        probe: Which of its probes.
        stride_s: Seconds from window to window.
        keep_nonwear: Use windows that were worn for less than half of their time; None: as when the probe was
            fitted.
        min_quality: Leave out windows of a lower quality; None: as when the probe was fitted.

    Attributes:
        targets: What the probe predicts.
        left_out: Counts what has no row, by reason.
        sample_s: Length of an epoch, s; None where a row is a window or a participant.
    """

    def __init__(
        self,
        saved: SavedProbe,
        probe: str,
        stride_s: float = 0.0,
        keep_nonwear: bool | None = None,
        min_quality: float | None = None,
    ) -> None:
        fitted = saved.document.arguments
        if keep_nonwear is None:
            keep_nonwear = fitted.keep_nonwear
        if min_quality is None:
            min_quality = fitted.min_quality
        self.saved, self.probe = saved, probe
        self.keep_nonwear, self.min_quality = keep_nonwear, min_quality
        self.targets = saved.fitted_targets(probe)
        self.left_out: Counter[str] = Counter()
        self.sample_s = saved.document.sample_s
        self._column = input_column(probe)
        self._epochs = None if self.sample_s is None else Epochs(self.sample_s, stride_s, self.left_out)
        self._people = None
        if saved.result.level == "participant":
            self._people = People(saved.result.min_segments, stride_s, self.left_out)

    def add(self, table: pa.Table) -> pd.DataFrame:
        """Return the rows (`apply_probe`) that are complete with the next windows of a recording."""
        windows = select_windows(
            table, "the table", self.keep_nonwear, self.min_quality, ["placement", "start"]
        )
        self.left_out.update(windows.dropped)
        windows = replace(windows, vectors={self._column: windows.vectors[self._column]})
        if self._people is not None:
            self._people.add(windows)
            return self._rows(None)
        return self._rows(windows if self._epochs is None else self._epochs.add(windows))

    def end(self) -> pd.DataFrame:
        """Return the last rows of a recording; what is added next belongs to another one."""
        return self._rows(None if self._epochs is None else self._epochs.end())

    def people(self) -> pd.DataFrame:
        """Return all rows, where a row is a participant and the last recording has ended."""
        return self._rows(None if self._people is None else self._people.samples())

    def _rows(self, samples: UsableWindows | None) -> pd.DataFrame:
        if samples is None or not len(samples):
            return pd.DataFrame()
        rows = _row_origin(samples.times)
        vectors = samples.vectors[self._column]
        if self.saved.result.kind == "classification":
            probabilities = self.saved.predict(vectors, self.probe, self.targets[0])
            likeliest = probabilities.argmax(axis=1)
            probabilities = probabilities.astype(np.float32)
            return rows.assign(
                label=np.array(self.saved.result.classes, object)[likeliest],
                confidence=probabilities[np.arange(len(rows)), likeliest],
                probabilities=list(probabilities),
            )
        for target in self.targets:
            value = self.saved.predict(vectors, self.probe, target)
            half = self.saved.result.half_width(self.probe, target)
            rows = rows.assign(
                **{target: value, f"{target}_low": value - half, f"{target}_high": value + half}
            )
        return rows


def apply_probe(saved: SavedProbe, probe: str, table: pa.Table, stride_s: float = 0.0) -> pd.DataFrame:
    """Return the rows of one recording; for a probe of participants see `Application`.

    Args:
        saved: The probe folder as loaded.
        probe: Which of its probes.
        table: The windows of the recording, in onset order.
        stride_s: Seconds from window to window.

    Returns:
        recording, participant, placement, start (UTC or NaT), onset, duration (s), windows (how many). For a
        classification also label, confidence (the label's probability) and probabilities (float32, in the
        order of the probe's classes; calibrated, see `SavedProbe.predict`). For a regression every target and
        <target>_low and <target>_high, the 95 % prediction interval of one sample of a new person, NaN where
        the probe has none. Without any row the frame is empty and has no columns.
    """
    application = Application(saved, probe, stride_s)
    parts = [application.add(table), application.end()]
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def choose_probe(saved: SavedProbe, use: str | None) -> str:
    """Return the name of the saved probe to use: `use`, or else the first that there is."""
    if use is None and saved.probes:
        return saved.probes[0]
    if use not in saved.probes:
        names = ", ".join(saved.probes) or "none"
        raise UsageError(f"the probe folder has no probe {use}: --use takes {names}")
    return use


def _row_origin(times: pd.DataFrame) -> pd.DataFrame:
    """The first columns of every row: whose it is, when it is, and how many windows it is the mean of."""
    rows = times.reset_index(drop=True)
    if "placement" not in rows:
        rows["placement"] = None
    if "start" not in rows:
        rows["start"] = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us, UTC]")
    if "windows" not in rows:
        rows["windows"] = 1
    texts = ["recording", "participant", "placement"]
    return rows[[*texts, "start", "onset", "duration", "windows"]].astype(dict.fromkeys(texts, object))
