"""Gait metrics of a walking bout, and of all bouts of a day, with the interval of their mean.

A probe's error has two parts: one that all predictions for a person share, and one that changes from sample
to sample. Only the second becomes smaller where many samples are averaged. With the half-width w of the 95 %
prediction interval of one sample of a new person, and the deviations of the error between people (a) and
within a person (b), measured by `wearcli probe` on people held out, the mean of n samples of one person has
the half-width

    w * sqrt((a^2 + b^2 / n) / (a^2 + b^2)),

which never falls below w a / sqrt(a^2 + b^2), however long somebody walks.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from wearcli.labels.pooling import newly_covered
from wearcli.prediction.apply import apply_probe
from wearcli.probing.error_bands import mean_half_width
from wearcli.probing.saved import SavedProbe


@dataclass(frozen=True)
class Means:
    """Means over the samples of a bout or a day.

    Attributes:
        seconds: Time that the samples cover.
        samples: How many of the probe's samples fit end to end into it, at least 1: the n of the interval.
        value: Mean of the predictions, by target.
        sd: Deviation of the samples' predictions, by target; NaN with one sample.
    """

    seconds: float
    samples: float
    value: dict[str, float]
    sd: dict[str, float]


class GaitProbe:
    """A regression probe as it is used on bouts.

    Args:
        saved: The probe folder as loaded.
        use: Which of its probes.
        stride_s: Seconds from window to window.

    Attributes:
        targets: The metrics.
        sample_s: Length of a sample, s.
    """

    def __init__(self, saved: SavedProbe, use: str, stride_s: float) -> None:
        self.saved, self.use, self.stride_s = saved, use, stride_s
        self.targets = saved.fitted_targets(use)
        self.sample_s = saved.document.sample_s or saved.document.signal.window_s or 0.0

    def bout_means(self, windows: pa.Table) -> Means | None:
        """Return the means over a bout's walking windows; None where the probe uses none of them."""
        rows = apply_probe(self.saved, self.use, windows, self.stride_s)
        if not len(rows):
            return None
        weights = rows["duration"].to_numpy()
        # Windows overlap, so their number says little: what counts is the time that they cover.
        onset, end = rows["onset"].to_numpy(), (rows["onset"] + rows["duration"]).to_numpy()
        seconds = float(newly_covered(onset, end).sum())
        values = {target: rows[target].to_numpy() for target in self.targets}
        return Means(
            seconds,
            self._samples(seconds),
            {target: float(np.average(one, weights=weights)) for target, one in values.items()},
            {target: float(one.std(ddof=1)) if len(one) > 1 else np.nan for target, one in values.items()},
        )

    def day_means(self, bouts: list[Means]) -> Means | None:
        """Return the means over several bouts of a person, weighted by their seconds; None without a bout."""
        if not bouts:
            return None
        weights = [one.seconds for one in bouts]
        values = {
            target: float(np.average([one.value[target] for one in bouts], weights=weights))
            for target in self.targets
        }
        return Means(sum(weights), self._samples(sum(weights)), values, {})

    def _samples(self, seconds: float) -> float:
        return max(1.0, seconds / self.sample_s) if self.sample_s else 1.0

    def half_width(self, target: str, samples: float) -> float:
        """Return half of the 95 % interval of the mean of `samples` of a person; NaN if there is none."""
        band = self.saved.result.intervals.get(self.use, {}).get(target)
        return np.nan if band is None else float(mean_half_width(band, samples))

    def columns(self, means: Means | None, spread: bool = False) -> dict[str, float]:
        """Return <target>, <target>_low, <target>_high and, with `spread`, <target>_sd; NaN without means."""
        columns: dict[str, float] = {}
        for target in self.targets:
            value = means.value[target] if means else np.nan
            half = self.half_width(target, means.samples) if means else np.nan
            columns |= {target: value, f"{target}_low": value - half, f"{target}_high": value + half}
            if spread:
                columns[f"{target}_sd"] = means.sd[target] if means else np.nan
        return columns

    def strides(self, means: Means | None, seconds: float) -> float:
        """Return the strides in so many seconds; NaN where the probe has neither stride time nor cadence."""
        if means is None:
            return np.nan
        if "stride_time_s" in means.value:
            return seconds / means.value["stride_time_s"]
        if "cadence_spm" in means.value:
            return seconds * means.value["cadence_spm"] / 120
        return np.nan
