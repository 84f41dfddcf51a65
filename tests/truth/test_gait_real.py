"""`gait_truth` against published gait: foot contacts checked by hand, and strides at the thigh."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy.signal import decimate

import wearcli
from wearcli.signals.rhythm import stride_times
from wearcli.truth.in_step import RATE_HZ, compare_steps

pytestmark = pytest.mark.realdata


def signal(row: dict[str, object]) -> tuple[np.ndarray, float]:
    """(samples, 3) g and the rate of a row of a packed set: channel-major integers times a scale."""
    told = row["signals"][0]  # type: ignore[index]
    values = np.asarray(told["values"], np.float32) * np.float32(told["scale"])
    return values.reshape(len(told["channels"]), -1).T, told["rate_hz"]


@pytest.fixture(scope="module")
def walks(realdata: Path) -> list[dict[str, object]]:
    return pq.read_table(realdata / "data" / "ipol_gait.parquet").to_pylist()


def test_the_published_metrics_come_out_of_the_published_contacts(
    realdata: Path, walks: list[dict[str, object]], tmp_path: Path
) -> None:
    """All published walks of ipol_gait to the last digit; a pair of events is a swing, the shorter part."""
    rows, intervals = [], []
    for walk in walks:
        if walk["placement"] == "lower_back":
            told = json.loads(str(walk["extra"]))
            for foot in ("left", "right"):
                rows += [(walk["recording"], foot, on / 100, off / 100) for off, on in told[f"{foot}_events"]]
            intervals += [{"recording": walk["recording"], **label} for label in walk["labels"]]  # type: ignore[attr-defined]
    pd.DataFrame(rows, columns=["recording", "foot", "contact", "off"]).to_csv(
        tmp_path / "e.csv", index=False
    )
    pd.DataFrame(intervals).to_csv(tmp_path / "labels.csv", index=False)
    wearcli.gait_truth(
        events=tmp_path / "e.csv",
        intervals=tmp_path / "labels.csv",
        labels=["walk"],
        distance_m=10,
        output=tmp_path / "gait.csv",
    )
    ours = pd.read_csv(tmp_path / "gait.csv")
    published = pd.read_csv(realdata / "data" / "ipol_gait.gait.csv").sort_values(["recording", "onset"])
    assert len(published) > 80
    ours = published[["recording", "onset"]].merge(
        ours, how="left", validate="one_to_one"
    )  # some are not published
    for metric in published.columns[2:]:
        np.testing.assert_allclose(ours[metric], published[metric], atol=1e-9, err_msg=metric)


def test_walks_with_lost_samples_are_out_of_step(realdata: Path, walks: list[dict[str, object]]) -> None:
    """Second walks of recordings whose sensors have different numbers of samples are not published now."""
    published = pd.read_csv(realdata / "data" / "ipol_gait.gait.csv")
    kept = set(zip(published["recording"], published["onset"].round(2), strict=True))
    out: dict[bool, list[bool]] = {True: [], False: []}
    for walk in walks:
        if walk["placement"] == "lower_back":
            values, rate = signal(walk)
            told = json.loads(str(walk["extra"]))
            contacts = np.array([on / 100 for foot in ("left", "right") for _, on in told[f"{foot}_events"]])
            for label in walk["labels"]:  # type: ignore[attr-defined]
                if label["label"] != "walk":
                    continue
                begin, end = label["onset"], label["onset"] + label["duration"]
                inside = contacts[(contacts >= begin - 0.01) & (contacts <= end + 0.01)]
                first = max(0, round((begin - 2) * rate))
                cut = decimate(values[first : round((end + 2) * rate)], round(rate / RATE_HZ), axis=0)
                compared = compare_steps(cut, first / rate, inside)
                faulty = compared is None or compared.fault is not None
                out[(walk["recording"], round(begin, 2)) in kept].append(faulty)
    assert len(out[True]) == 83
    assert (
        sum(out[True]) <= 3
    )  # one began a recording whose second half lost .92 s; one stands at three contacts
    assert len(out[False]) == 45
    assert sum(out[False]) >= 18  # the others lost samples after the walk, or few


def test_the_thigh_as_published(realdata: Path) -> None:
    """Each fourth person of the 34 of selfback, on the published windows of 10 s.

    Six published strides of all 34 are twice ours: of jogs at 0.8 s they say 1.6 s.
    """
    table = pd.read_csv(realdata / "data" / "selfback.gait.csv")
    people = sorted(table["participant"].unique())[::4]
    names = {f"selfback-{int(person.split('-')[1]):03d}" for person in people}
    wanted = [("placement", "=", "thigh"), ("participant", "in", names)]
    rows = pq.read_table(realdata / "data" / "selfback.parquet", filters=[wanted]).to_pylist()
    legs = {row["recording"]: signal(row) for row in rows}
    cuts, published = [], []
    for row in table[table["participant"].isin(people)].itertuples():
        _, number, *rest = str(row.recording).removesuffix("_wrist").split("_")
        values, rate = legs["_".join(["selfback", f"{int(number):03d}", *rest, "thigh"])]
        first = round(row.onset * rate)
        cuts.append(values[first : first + round(10 * rate)])
        published.append(row.stride_time_s)
    seconds, quality = stride_times(np.stack(cuts), 100.0)
    off = np.abs(seconds - published)
    assert len(off) > 500
    assert np.median(off) < 0.002
    assert np.mean(off < 0.02 * np.array(published)) > 0.99
    assert np.mean(quality >= 0.5) > 0.99


def test_a_foot_against_its_contacts(realdata: Path, walks: list[dict[str, object]]) -> None:
    """Stride time of whole walks at the left foot, by its sensor alone, beside what the contacts say."""
    published = pd.read_csv(realdata / "data" / "ipol_gait.gait.csv")
    feet = {walk["recording"]: signal(walk) for walk in walks if walk["placement"] == "left_foot"}
    found = []
    for row in published.itertuples():
        values, rate = feet[str(row.recording).replace("lower_back", "left_foot")]
        cut = values[round(row.onset * rate) : round((row.onset + row.duration) * rate)]
        seconds, quality = stride_times(cut[None], rate)
        found.append((seconds[0], quality[0], row.stride_time_s))
    seconds, quality, truth = np.array(found).T
    good = quality >= 0.5
    off = np.abs(seconds - truth)[good]
    assert good.mean() > 0.93
    assert np.median(off) < 0.007
    assert np.mean(off < 0.02 * truth[good]) > 0.94
    assert not np.any(seconds[good] < 0.7 * truth[good])  # no step is taken for a stride
