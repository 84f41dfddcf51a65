"""Which windows are walking: by a rule on their hand-made features, or by a probe.

By the rule the body shakes, the shaking repeats itself after a stride, it has the few frequencies of steps,
and it is no run:

    magnitude_deviation >= 0.06 g, stride_magnitude >= 0.25, stride_s >= 0.85 s,
    magnitude_spectral_entropy <= 0.82, and not (stride_s < 0.95 s and magnitude_deviation > 0.6 g)

with the features of `signals.features.motion`. All are features of the magnitude of acceleration, or periods,
so that it does not matter which way the sensor is turned. The thresholds were chosen on every second person
of selfback and umafall (wrist) and sisfall (waist), so that most level walking and little else passes;
tests/walking scores them on the other people, and on wharf (wrist) and ipol_gait (lower back), which were not
used at all.

Walking means level ground at any speed. Stairs have a rhythm too: by this rule most of them count as walking;
runs do not. The rule holds for wrist, waist, back and foot: at a thigh it misses half of the slow walks and
takes runs for walks, so use a probe there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from wearcli.embedding.metadata import TableMetadata
from wearcli.errors import InputError, UsageError
from wearcli.labels.intervals import inside
from wearcli.prediction.apply import apply_probe, choose_probe
from wearcli.prediction.match import check_table
from wearcli.probing.saved import SavedProbe, load_probe

LEAST_DEVIATION_G = 0.06
LEAST_REPEAT = 0.25  # correlation of the magnitude with itself one stride later
SHORTEST_STRIDE_S = 0.85
MOST_ENTROPY = 0.82  # of the magnitude's spectrum, 1 for white noise
RUN_STRIDE_S, RUN_DEVIATION_G = 0.95, 0.6

THRESHOLDS = {
    "least_magnitude_deviation_g": LEAST_DEVIATION_G,
    "least_stride_magnitude": LEAST_REPEAT,
    "shortest_stride_s": SHORTEST_STRIDE_S,
    "most_magnitude_spectral_entropy": MOST_ENTROPY,
    "run_stride_s": RUN_STRIDE_S,
    "run_magnitude_deviation_g": RUN_DEVIATION_G,
}

# Of a table of windows: (n,) bool, which of them are walking.
Walking = Callable[[pa.Table], np.ndarray]


@dataclass(frozen=True)
class WalkingRule:
    """What recognises walking.

    Attributes:
        document: How, for gait.json.
        activity: A probe of activities; None: the rule on features.
        labels: Its classes that are walks.
    """

    document: Mapping[str, object]
    activity: SavedProbe | None = None
    labels: Sequence[str] = ()

    def for_table(self, metadata: TableMetadata, name: str) -> Walking:
        """Return the rule for the embeddings table called `name`."""
        if self.activity is None:
            return feature_rule(metadata, name)
        return probe_rule(self.activity, self.labels, metadata, name)


def choose_rule(probe: Path | None, labels: Sequence[str]) -> WalkingRule:
    """Return the rule of a probe folder, or else the rule on features.

    Args:
        probe: Folder of a probe of activities.
        labels: Its classes that are walks.

    Raises:
        UsageError: The probe has no such classes, or there are classes and no probe.
    """
    if probe is None:
        if labels:
            raise UsageError(f"--label {labels[0]}: a class of a walking probe: name it with --walking")
        return WalkingRule({"by": "rule", **THRESHOLDS})
    activity = load_probe(probe)
    check_walking_probe(activity, labels, str(probe))
    return WalkingRule({"by": "probe", "probe": probe.name, "labels": list(labels)}, activity, labels)


def walking_by_rule(values: pd.DataFrame) -> np.ndarray:
    """Return (n,) bool, which windows are walking.

    Args:
        values: Features of windows, columns named as in `signals.features.motion.FEATURE_NAMES`.
    """
    deviation, stride = values["magnitude_deviation"].to_numpy(), values["stride_s"].to_numpy()
    walking = (deviation >= LEAST_DEVIATION_G) & (stride >= SHORTEST_STRIDE_S)
    walking &= values["stride_magnitude"].to_numpy() >= LEAST_REPEAT
    walking &= values["magnitude_spectral_entropy"].to_numpy() <= MOST_ENTROPY
    return np.asarray(walking & ~((stride < RUN_STRIDE_S) & (deviation > RUN_DEVIATION_G)))


def feature_rule(metadata: TableMetadata, name: str) -> Walking:
    """Return the rule on hand-made features, for an embeddings table.

    Args:
        metadata: The table's document.
        name: The table's name in errors.

    Raises:
        InputError: The windows have no such features.
    """
    names = metadata.feature_names
    needed = ["magnitude_deviation", "stride_s", "stride_magnitude", "magnitude_spectral_entropy"]
    if missing := [name for name in needed if name not in names]:
        raise InputError(
            f"{name}: its windows have no feature {missing[0]}, which the rule for walking needs: use "
            "embeddings of acceleration with hand-made features, or --walking PROBE"
        )
    places = [names.index(name) for name in needed]

    def walking(table: pa.Table) -> np.ndarray:
        column = table["features"].combine_chunks()
        flat = column.flatten().to_numpy(zero_copy_only=False)
        walks = np.zeros(len(table), bool)
        present = column.is_valid().to_numpy(zero_copy_only=False)
        values = flat.reshape(-1, len(names))[:, places]
        walks[present] = walking_by_rule(pd.DataFrame(values, columns=needed))
        return walks

    return walking


def probe_rule(saved: SavedProbe, labels: Sequence[str], metadata: TableMetadata, name: str) -> Walking:
    """Return the rule of a probe of classes: `labels` together have more than half of the probability.

    Args:
        saved: The probe folder as loaded.
        labels: The classes that are walks.
        metadata: The document of the embeddings table.
        name: The table's name in errors.

    Raises:
        UsageError: With the first table, where the probe was not fitted on such embeddings.
    """
    probe = choose_probe(saved, None)
    places = [saved.result.classes.index(label) for label in labels]
    stride_s = float(metadata.stride_s or 0.0)

    def walking(table: pa.Table) -> np.ndarray:
        check_table(saved, probe, table.schema, metadata, name)
        rows = apply_probe(saved, probe, table, stride_s)
        walks = np.zeros(len(table), bool)
        if len(rows):
            probability = np.stack(rows["probabilities"].to_list())[:, places].sum(axis=1)
            times = table.select(["recording", "onset", "duration"]).to_pandas()
            walks[inside(times, rows[probability > 0.5])[0]] = True
        return walks

    return walking


def check_walking_probe(saved: SavedProbe, labels: Sequence[str], name: str) -> None:
    """Check that a probe predicts classes of windows or epochs, with `labels` among them.

    Raises:
        UsageError: It does not.
    """
    if saved.result.kind != "classification" or saved.result.level == "participant":
        raise UsageError(f"{name}: it predicts no classes of windows: --walking takes a probe of activities")
    classes = saved.result.classes
    if not labels:
        raise UsageError(
            f"{name}: which of its classes are walks? Name them with --label: {', '.join(classes)}"
        )
    if unknown := [label for label in labels if label not in classes]:
        raise UsageError(f"{name}: no class '{unknown[0]}'; the classes there are {', '.join(classes)}")
