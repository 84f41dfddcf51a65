"""A probe of some people of selfback applied to others: the hours it tells and how sure it is of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import wearcli
from wearcli.prediction.result import PredictResult

PEOPLE = 18


pytestmark = [pytest.mark.slow, pytest.mark.realdata]


@pytest.fixture(scope="module")
def predicted(
    realdata: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[PredictResult, pd.DataFrame, pd.Series]:
    """What is told of six people by a probe of twelve others, its rows, and which of them are right."""
    tmp_path = tmp_path_factory.mktemp("people")
    columns = ["recording", "participant", "placement", "signals", "labels"]
    table = pq.read_table(realdata / "data" / "selfback.parquet", columns=columns)
    table = table.filter(pc.equal(table["placement"], "wrist"))
    people = sorted(set(table["participant"].to_pylist()))[:PEOPLE]
    table = table.filter(pc.is_in(table["participant"], pa.array(people)))
    labels, files = [], []
    for batch in table.to_batches(max_chunksize=10):
        for row in batch.to_pylist():
            folder = tmp_path / ("new" if people.index(row["participant"]) % 3 == 0 else "known")
            folder.mkdir(exist_ok=True)
            told = row["signals"][0]
            values = np.asarray(told["values"], np.float32).reshape(3, -1) * np.float32(told["scale"])
            path = folder / f"{row['recording']}.parquet"
            time = np.arange(values.shape[1]) / told["rate_hz"]
            pq.write_table(pa.table({"time": time, **dict(zip("xyz", values, strict=True))}), path)
            files.append((row["recording"], path.name, row["participant"]))
            labels += [{"recording": row["recording"], **label} for label in row["labels"]]
    told = pd.DataFrame(files, columns=["recording", "file", "participant"])
    for folder in (tmp_path / "known", tmp_path / "new"):
        told[[(folder / name).exists() for name in told["file"]]].to_csv(
            folder / "recordings.csv", index=False
        )
    pd.DataFrame(labels).to_csv(tmp_path / "labels.csv", index=False)

    wearcli.embed([tmp_path / "known"], tmp_path / "e.parquet")
    wearcli.probe(
        tmp_path / "e.parquet",
        task="activity",
        labels=tmp_path / "labels.csv",
        epoch=10,
        probe="linear",
        bootstrap=10,
        output=tmp_path / "p",
    )
    result = wearcli.predict([tmp_path / "new"], tmp_path / "p", tmp_path / "rows.parquet")
    rows, truth = pd.read_parquet(tmp_path / "rows.parquet"), pd.DataFrame(labels)
    # A recording is one activity from its begin to its end.
    one = truth.groupby("recording")["label"].first()
    right = rows["label"] == rows["recording"].map(one)
    return result, rows, right


def test_on_new_people_it_is_as_often_right_as_it_says(
    predicted: tuple[PredictResult, pd.DataFrame, pd.Series],
) -> None:
    result, rows, right = predicted
    assert (len(set(rows["participant"])), result.epoch_s) == (6, 10.0)
    assert right.mean() > 0.7
    assert abs(right.mean() - rows["confidence"].mean()) < 0.1
    assert sum(result.hours.values()) == pytest.approx(rows["duration"].sum() / 3600)


def test_what_it_is_sure_of_is_right_far_more_often(
    predicted: tuple[PredictResult, pd.DataFrame, pd.Series],
) -> None:
    _, rows, right = predicted
    sure = rows["confidence"] > 0.9
    assert right[sure].mean() > right[~sure].mean() + 0.2
