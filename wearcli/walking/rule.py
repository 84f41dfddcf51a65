"""Which windows are walking: by a rule on their hand-made features, or by a probe.

The rule asks that the body shakes, that the shaking repeats itself after a stride, that it has the few
frequencies of steps, and that it is no run:

    magnitude_deviation >= 0.06 g, stride_magnitude >= 0.25, stride_s >= 0.85 s,
    magnitude_spectral_entropy <= 0.82, and not (stride_s < 0.95 s and magnitude_deviation > 0.6 g)

of the features of `signals.features.motion`. All are of the magnitude of acceleration, or of periods, so that
it does not matter which way the sensor is turned. The thresholds were chosen on every second person of
selfback and umafall (wrist) and sisfall (waist), so that most level walking and little of else is found;
tests/walking scores them on the other people, and on wharf (wrist) and ipol_gait (lower back), of which none
was used.

Walking is on level ground at any speed. Stairs have a rhythm too: most of them count as walking by this
rule; runs do not. It is a rule for wrist, waist, back and foot: at a thigh it misses half of the slow walks
and takes runs for walks, so use a probe there.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from wearcli.embedding.metadata import TableMetadata
from wearcli.errors import InputError, UsageError
from wearcli.labels.intervals import inside
from wearcli.prediction.apply import apply_probe, choose_probe
from wearcli.prediction.match import check_table
from wearcli.probing.saved import SavedProbe

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

# (n,) bool: which of a table's windows are walking.
Walking = Callable[[pa.Table], np.ndarray]


def walking_by_rule(values: pd.DataFrame) -> np.ndarray:
    """(n,) bool of windows by their features, columns as `signals.features.motion.FEATURE_NAMES` has them."""
    deviation, stride = values["magnitude_deviation"].to_numpy(), values["stride_s"].to_numpy()
    found = (deviation >= LEAST_DEVIATION_G) & (stride >= SHORTEST_STRIDE_S)
    found &= values["stride_magnitude"].to_numpy() >= LEAST_REPEAT
    found &= values["magnitude_spectral_entropy"].to_numpy() <= MOST_ENTROPY
    return found & ~((stride < RUN_STRIDE_S) & (deviation > RUN_DEVIATION_G))


def rule_for(metadata: TableMetadata, where: str) -> Walking:
    """The rule for embeddings tables that `metadata` tells of; InputError where it cannot be applied."""
    names = metadata.feature_names
    needed = ["magnitude_deviation", "stride_s", "stride_magnitude", "magnitude_spectral_entropy"]
    if missing := [name for name in needed if name not in names]:
        raise InputError(
            f"{where}: its windows have no feature {missing[0]}, by which walking is told: use embeddings of "
            "acceleration with hand-made features, or --walking PROBE"
        )
    places = [names.index(name) for name in needed]

    def walking(table: pa.Table) -> np.ndarray:
        column = table["features"].combine_chunks()
        flat = column.flatten().to_numpy(zero_copy_only=False)
        found = np.zeros(len(table), bool)
        known = column.is_valid().to_numpy(zero_copy_only=False)
        values = flat.reshape(-1, len(names))[:, places]
        found[known] = walking_by_rule(pd.DataFrame(values, columns=needed))
        return found

    return walking


def probe_for(saved: SavedProbe, labels: Sequence[str], metadata: TableMetadata, where: str) -> Walking:
    """Walking as a probe of classes tells it: windows in whose samples `labels` together have more than half
    of the probability.

    Raises UsageError, with the first table, where the probe was not fitted on such embeddings.
    """
    name = choose_probe(saved, None)
    places = [saved.result.classes.index(label) for label in labels]
    stride_s = float(metadata.stride_s or 0.0)

    def walking(table: pa.Table) -> np.ndarray:
        check_table(saved, name, table.schema, metadata, where)
        rows = apply_probe(saved, name, table, stride_s)
        found = np.zeros(len(table), bool)
        if len(rows):
            chances = np.stack(rows["probabilities"].to_list())[:, places].sum(axis=1)
            times = table.select(["recording", "onset", "duration"]).to_pandas()
            found[inside(times, rows[chances > 0.5])[0]] = True
        return found

    return walking


def check_walking_probe(saved: SavedProbe, labels: Sequence[str], where: str) -> None:
    """UsageError unless the probe tells classes of windows or epochs, `labels` among them."""
    if saved.result.kind != "classification" or saved.result.level == "participant":
        raise UsageError(f"{where}: it tells no classes of windows: --walking takes a probe of activities")
    classes = saved.result.classes
    if not labels:
        raise UsageError(
            f"{where}: which of its classes are walks? Name them with --label: {', '.join(classes)}"
        )
    if unknown := [label for label in labels if label not in classes]:
        raise UsageError(f"{where}: no class '{unknown[0]}'; the classes there are {', '.join(classes)}")
