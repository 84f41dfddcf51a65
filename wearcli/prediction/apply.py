"""A saved probe applied to the windows of recordings: a row a window, an epoch or a participant."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from wearcli.errors import UsageError
from wearcli.labels.windows import MIN_QUALITY
from wearcli.prediction.match import vector_of
from wearcli.prediction.pooling import Epochs, People
from wearcli.prediction.windows import Samples, usable_windows
from wearcli.probing.saved import SavedProbe

PROBES = ("linear", "mlp", "features")


class Application:
    """A probe on its way over recordings, each in parts; what is held is an epoch, not the recording.

    saved, probe: the folder as loaded, and which of its probes. stride_s: from window to window.
    keep_nonwear, min_quality: which windows are used, as `wearcli.probe` has it; None is what the probe was
    fitted with.

    left_out counts what has no row, by reason. sample_s: seconds of an epoch, None where a row is a window.
    """

    def __init__(
        self,
        saved: SavedProbe,
        probe: str,
        stride_s: float = 0.0,
        keep_nonwear: bool | None = None,
        min_quality: float | None = None,
    ) -> None:
        fitted = saved.info.get("arguments") or {}
        if keep_nonwear is None:
            keep_nonwear = bool(fitted.get("keep_nonwear", False))
        if min_quality is None:
            min_quality = float(fitted.get("min_quality", MIN_QUALITY))
        self.saved, self.probe = saved, probe
        self.keep_nonwear, self.min_quality = keep_nonwear, min_quality
        self.targets = [target for target in saved.info["targets"] if (probe, target) in saved.predictors]
        self.left_out: Counter[str] = Counter()
        self.sample_s = sample_seconds(saved.info)
        self._epochs = None if self.sample_s is None else Epochs(self.sample_s, stride_s, self.left_out)
        self._people = None
        if saved.info.get("level") == "participant":
            self._people = People(int(saved.info.get("min_segments") or 1), stride_s, self.left_out)

    def add(self, table: pa.Table) -> pd.DataFrame:
        """The rows that are complete with the next windows of a recording, see `apply_probe`."""
        windows = usable_windows(
            table, vector_of(self.probe), self.keep_nonwear, self.min_quality, self.left_out
        )
        if self._people is not None:
            self._people.add(windows)
            return self._rows(None)
        return self._rows(windows if self._epochs is None else self._epochs.add(windows))

    def end(self) -> pd.DataFrame:
        """The last rows of a recording; what is added next is of another one."""
        return self._rows(None if self._epochs is None else self._epochs.end())

    def people(self) -> pd.DataFrame:
        """Where a row is a participant: all rows, when the last recording has ended."""
        return self._rows(None if self._people is None else self._people.all())

    def _rows(self, samples: Samples | None) -> pd.DataFrame:
        if samples is None or not len(samples):
            return pd.DataFrame()
        rows = samples.columns()
        if self.saved.info["kind"] == "classification":
            chances = self.saved.predict(samples.vectors, self.probe, self.targets[0])
            likeliest = chances.argmax(axis=1)
            told = chances.astype(np.float32)
            rows["label"] = np.array(self.saved.info["classes"], object)[likeliest]
            rows["confidence"] = told[np.arange(len(told)), likeliest]
            rows["probabilities"] = list(told)
            return pd.DataFrame(rows)
        for target in self.targets:
            value = self.saved.predict(samples.vectors, self.probe, target)
            half = half_width(self.saved.info, self.probe, target)
            rows |= {target: value, f"{target}_low": value - half, f"{target}_high": value + half}
        return pd.DataFrame(rows)


def apply_probe(saved: SavedProbe, probe: str, table: pa.Table, stride_s: float = 0.0) -> pd.DataFrame:
    """The rows of one recording, whose windows `table` holds in onset order; of people see `Application`.

    Columns: recording, participant, placement, start (UTC or NaT), onset, duration (s), windows (how many),
    and of a classification label, confidence (the label's probability) and probabilities (float32, in the
    order of the probe's classes; calibrated, see `SavedProbe.predict`), of a regression each target and
    <target>_low and <target>_high, the 95 % prediction interval of one sample of a new person, NaN where the
    probe has none. Without any row the frame is empty and has no columns.
    """
    application = Application(saved, probe, stride_s)
    parts = [application.add(table), application.end()]
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def choose_probe(saved: SavedProbe, use: str | None) -> str:
    """Which of the saved probes: `use`, or else the linear one where there is one, else the MLP."""
    there = [name for name in PROBES if any(name == probe for probe, _ in saved.predictors)]
    if use is None and there:
        return there[0]
    if use not in there:
        raise UsageError(f"the probe folder holds {' and '.join(there) or 'no probe'}, not {use}: see --use")
    return use


def sample_seconds(info: dict[str, Any]) -> float | None:
    """How long the samples were that a probe was fitted on; None where they were windows or people.

    That is the length of its epochs or, of a regression, the median of its intervals; of a probe folder that
    does not tell, a window.
    """
    if info.get("level") == "participant":
        return None
    given = info.get("input") or {}
    if given.get("epoch_s"):
        return float(given["epoch_s"])
    sample_s = given.get("sample_s") if info["kind"] == "regression" else None
    window_s = (info.get("signal") or {}).get("window_s") or 0.0
    return float(sample_s) if sample_s and sample_s > window_s else None


def half_width(info: dict[str, Any], probe: str, target: str) -> float:
    """Of the 95 % prediction interval of one sample of a new person; NaN where the probe has none."""
    told = ((info.get("intervals") or {}).get(probe) or {}).get(target) or {}
    width = told.get("half_width")
    return np.nan if width is None else float(width)
