"""The hand-made features on real recordings: the baseline must be the strong one."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.probing.tables import write_table
from wearcli.probing.probe import probe
from wearcli.signals.features.motion import features

WINDOW_S, RATE_HZ = 2.56, 100.0


@pytest.mark.slow
@pytest.mark.realdata
def test_features_pooled_over_epochs_are_as_good_as_statistics_of_whole_epochs(
    realdata: Path, tmp_path: Path
) -> None:
    # 95 statistics over whole 10 s epochs of the wrist reach .746 macro-F1: 9 classes, 5 folds by person.
    table = pq.read_table(
        realdata / "data" / "selfback.parquet",
        columns=["recording", "participant", "placement", "signals", "labels"],
    )
    rows, hand, labels = [], [], []
    for row in table.filter(pc.equal(table["placement"], "wrist")).to_batches(max_chunksize=20):
        for recording in row.to_pylist():
            signal = recording["signals"][0]
            values = np.asarray(signal["values"], np.float32).reshape(3, -1).T * np.float32(signal["scale"])
            length = round(WINDOW_S * RATE_HZ)
            count = len(values) // length
            hand.append(features(values[: count * length].reshape(count, length, 3), RATE_HZ))
            rows += [(recording["recording"], recording["participant"], i * WINDOW_S) for i in range(count)]
            labels += [{"recording": recording["recording"], **label} for label in recording["labels"]]
    pd.DataFrame(labels).to_csv(tmp_path / "labels.csv", index=False)
    times = pd.DataFrame(rows, columns=["recording", "participant", "onset"]).assign(duration=WINDOW_S)
    noise = np.random.default_rng(0).normal(size=(len(times), 4))
    write_table(tmp_path / "embeddings.parquet", times, noise, np.concatenate(hand))
    result = probe(
        tmp_path / "embeddings.parquet", task="activity", epoch=10, probe="linear", output=tmp_path / "p"
    )
    assert (result.n_participants, len(result.classes)) == (50, 9)
    assert result.scores["features"]["macro_f1"]["mean"] > 0.736
    assert result.scores["linear"]["macro_f1"]["low"] < 1 / 9 + 0.03  # noise is at chance
