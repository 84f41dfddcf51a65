"""`wearcli gait` on the simulated study, by a probe that saw half of its people."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import wearcli
from wearcli.embedding.table import read_table
from wearcli.prediction.apply import apply_probe
from wearcli.probing.records import Band
from wearcli.probing.saved import SavedProbe, load_probe
from wearcli.recordings.reading import Reading
from wearcli.walking.bouts import Bout
from wearcli.walking.days import Days, day_names
from wearcli.walking.metrics import GaitProbe, Means
from wearcli.walking.result import GaitResult

Command = Callable[..., tuple[int, str, str]]
Found = tuple[pd.DataFrame, pd.DataFrame, GaitResult]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, sample_data: Path) -> Path:
    """fit.parquet and new.parquet of different people; probes/gait and probes/activity, of the first."""
    folder = tmp_path_factory.mktemp("gait")
    wearcli.embed([sample_data], folder / "all.parquet")
    table = pq.read_table(folder / "all.parquet")
    mine = pa.compute.is_in(table["participant"], pa.array([f"P{n:02d}" for n in range(1, 7)]))
    pq.write_table(table.filter(mine), folder / "fit.parquet")
    pq.write_table(table.filter(pa.compute.invert(mine)), folder / "new.parquet")
    for task, labels in (("gait", "gait.csv"), ("activity", "labels.csv")):
        wearcli.probe(
            folder / "fit.parquet",
            task=task,
            labels=sample_data / labels,
            probe="linear",
            bootstrap=20,
            output=folder / "probes" / task,
        )
    return folder


@pytest.fixture(scope="module")
def found(study: Path) -> Found:
    """bouts.csv, days.csv and the result of the people that the probe has not seen."""
    result = wearcli.gait(study / "new.parquet", study / "probes" / "gait", study / "gait")
    return pd.read_csv(study / "gait" / "bouts.csv"), pd.read_csv(study / "gait" / "days.csv"), result


def test_bouts_are_where_people_walk(found: Found, sample_data: Path) -> None:
    """The walks at the lower back with their turns: one bout a recording, and its mean the truth's."""
    truth = pd.read_csv(sample_data / "gait.csv")
    back = found[0][found[0]["placement"] == "lower_back"].set_index("recording")
    assert sorted(back.index) == ["P07_walks", "P08_walks", "P09_walks", "P10_walks"]
    for recording, bout in back.iterrows():
        walks = truth[truth["recording"] == recording]
        begin, end = walks["onset"].min(), (walks["onset"] + walks["duration"]).max()
        assert bout["onset"] == pytest.approx(begin, abs=5)
        assert bout["onset"] + bout["duration"] == pytest.approx(end, abs=5)
        mean = np.average(walks["stride_time_s"], weights=walks["duration"])
        assert bout["stride_time_s"] == pytest.approx(mean, rel=0.04)
        assert bout["cadence_spm"] == pytest.approx(120 / mean, rel=0.05)
        assert bout["strides"] == pytest.approx(bout["duration"] / bout["stride_time_s"], rel=1e-3)
        assert 0 < bout["stride_time_s_sd"] < 0.2


def test_bouts_of_the_day_at_the_wrist(found: Found, sample_data: Path) -> None:
    """Level walks of the labels are found; no bout lies where somebody lies."""
    labels = pd.read_csv(sample_data / "labels.csv")
    wrist = found[0][found[0]["placement"] == "wrist"]
    for row in labels[labels["label"].isin(["walking", "lying"])].itertuples():
        mine = wrist[wrist["recording"] == row.recording]
        ends = np.minimum(mine["onset"] + mine["duration"], row.onset + row.duration)
        shared = np.maximum(ends - np.maximum(mine["onset"], row.onset), 0).sum()
        if row.recording in set(found[0]["recording"]):
            assert (shared > 0.9 * row.duration) if row.label == "walking" else (shared < 6)


def test_the_numbers_of_a_bout_are_those_of_its_windows(study: Path, found: Found) -> None:
    """The probe applied by hand to the walking windows, and the interval by the formula, from probe.json."""
    saved = load_probe(study / "probes" / "gait")
    table, metadata = read_table(study / "new.parquet")
    onset, compared = table["onset"].to_numpy(), 0
    for row in found[0].itertuples():
        mine = (table["recording"].to_numpy() == row.recording) & (onset >= row.onset - 1e-6)
        mine &= onset + 5 <= row.onset + row.duration + 1e-6
        if row.windows < mine.sum():  # some in between are not walking
            continue
        every = apply_probe(saved, "linear", table.filter(pa.array(mine)), metadata.stride_s)
        mean = np.average(every["cadence_spm"], weights=every["duration"])
        assert row.cadence_spm == pytest.approx(mean, abs=1e-3)
        if len(every) > 1:
            assert row.cadence_spm_sd == pytest.approx(every["cadence_spm"].std(), abs=1e-3)
            compared += 1
    assert compared > 2
    row = found[0][found[0]["recording"] == "P08_walks"].iloc[0]
    told = saved.result.intervals["linear"]["cadence_spm"]
    a, b = told["sd_between"], told["sd_within"]
    half = told["half_width"] * np.sqrt((a**2 + b**2 / row.samples) / (a**2 + b**2))
    assert row.samples > 3
    assert row.cadence_spm_high - row.cadence_spm == pytest.approx(half, abs=2e-4)
    assert row.cadence_spm - row.cadence_spm_low == pytest.approx(half, abs=2e-4)


def test_days_add_up(found: Found, study: Path) -> None:
    bouts, days, result = found
    for row in days.itertuples():
        mine = bouts[(bouts["participant"] == row.participant) & (bouts["placement"] == row.placement)]
        assert row.bouts == len(mine)
        assert row.walking_min == pytest.approx(mine["duration"].sum() / 60, abs=1e-3)
        assert row.longest_bout_s == mine["duration"].max()
        assert row.strides == pytest.approx(mine["duration"].sum() / row.stride_time_s, rel=1e-3)
        values = np.average(mine["cadence_spm"], weights=mine["samples"])
        assert row.cadence_spm == pytest.approx(values, rel=0.02)
        assert row.day in set(mine["start"].str[:10])
        assert row.walking_min < 60 * row.hours
    assert result.bouts == len(bouts) == days["bouts"].sum()
    assert any(
        "fitted on sensors at lower_back, and there are recordings at wrist" in note for note in result.notes
    )
    assert json.loads((study / "gait" / "gait.json").read_text())["walking"]["by"] == "rule"


def test_many_samples_do_not_make_the_interval_vanish(study: Path) -> None:
    saved = load_probe(study / "probes" / "gait")
    band = Band(half_width=0.1, coverage=0.95, sd_between=0.03, sd_within=0.04)
    probe = GaitProbe(with_bands(saved, {"linear": {"stride_time_s": band}}), "linear", 2.5)
    assert probe.half_width("stride_time_s", 1) == pytest.approx(0.1)
    assert probe.half_width("stride_time_s", 16) == pytest.approx(0.1 * np.sqrt(0.0009 + 0.0001) / 0.05)
    assert probe.half_width("stride_time_s", 1e9) == pytest.approx(0.06)
    one, other = (Means(s, 1, dict.fromkeys(probe.targets, v), {}) for s, v in ((30.0, 1.0), (90.0, 2.0)))
    day = probe.day_means([one, other])
    assert day is not None
    assert day.value["stride_time_s"] == pytest.approx(1.75)
    assert day.samples == pytest.approx(120 / probe.sample_s)
    without = GaitProbe(with_bands(saved, {}), "linear", 2.5)
    assert np.isnan(without.half_width("stride_time_s", 4))


def with_bands(saved: SavedProbe, bands: dict[str, dict[str, Band]]) -> SavedProbe:
    result = replace(saved.result, intervals=bands)
    return replace(saved, document=replace(saved.document, result=result))


def test_a_stream_a_table_and_the_recordings_give_the_same(
    study: Path, sample_data: Path, tmp_path: Path, command: Command, found: Found
) -> None:
    table, _ = read_table(study / "new.parquet")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=100)
    words = ["gait", "--probe", str(study / "probes" / "gait")]
    streamed = tmp_path / "streamed"
    code, out, err = command(*words, "-", "-o", str(streamed), "--json", stdin=sink.getvalue().to_pybytes())
    assert code == 0, err
    assert (streamed / "bouts.csv").read_bytes() == (study / "gait" / "bouts.csv").read_bytes()
    assert (streamed / "days.csv").read_bytes() == (study / "gait" / "days.csv").read_bytes()
    assert json.loads(out)["bouts"] == len(pd.read_csv(streamed / "bouts.csv"))
    assert "walked: minutes" in err
    assert "cadence_spm" in err
    paths = [str(path) for path in sorted(sample_data.glob("P07_*"))]
    again = tmp_path / "again"
    assert command(*words, *paths, "-o", str(again), "--dry-run")[0] == 0
    assert not again.exists()
    code, _, err = command(*words, *paths, "-o", str(again))
    assert code == 0, err
    bouts = pd.read_csv(streamed / "bouts.csv")
    pd.testing.assert_frame_equal(
        pd.read_csv(again / "bouts.csv").drop(columns=["start", "day"]),
        bouts[bouts["participant"] == "P07"].drop(columns=["start", "day"]),
        check_exact=False,
        atol=2e-4,
    )
    before = {path.name: path.read_bytes() for path in again.iterdir()}
    assert "is there already" in command(*words, *paths, "-o", str(again))[2]
    assert command(*words, *paths, "-o", str(again), "--overwrite")[0] == 0
    assert {path.name: path.read_bytes() for path in again.iterdir()} == before
    assert set(before) == {"bouts.csv", "days.csv", "gait.json", "gait.png"}


def test_walking_by_a_probe(study: Path, tmp_path: Path, found: Found) -> None:
    words = {"probe": study / "probes" / "gait", "walking": study / "probes" / "activity"}
    labels = ["walking"]
    result = wearcli.gait(study / "new.parquet", output=tmp_path / "g", labels=labels, **words)  # type: ignore[arg-type]
    assert result.walking == {"by": "probe", "probe": "activity", "labels": ["walking"]}
    bouts = pd.read_csv(tmp_path / "g" / "bouts.csv")
    ours, rule = (
        table[table["recording"].str.endswith("daily")].duration.sum() for table in (bouts, found[0])
    )
    assert 200 < ours < rule  # it leaves the stairs out


def test_no_walk_is_an_empty_table(study: Path, tmp_path: Path) -> None:
    result = wearcli.gait(study / "new.parquet", study / "probes" / "gait", tmp_path / "g", min_bout=1e4)
    assert result.bouts == 0
    assert "no walking bout" in result.notes[0]
    assert len(pd.read_csv(tmp_path / "g" / "bouts.csv")) == 0
    days = pd.read_csv(tmp_path / "g" / "days.csv")
    assert (days["bouts"] == 0).all()
    assert (days["hours"] > 0.03).all()
    assert days["cadence_spm"].isna().all()


def test_a_day_is_a_date_where_the_person_is_or_counted_from_the_beginning() -> None:
    moment = datetime(2024, 3, 10, 23, 30, tzinfo=UTC)
    start = pd.Series(pd.to_datetime([moment, moment, None, None], utc=True))
    onset = pd.Series([0.0, 90000.0, 86399.0, 86400.0])
    assert day_names(start, onset, ZoneInfo("UTC")).tolist() == ["2024-03-10", "2024-03-10", "1", "2"]
    assert day_names(start, onset, ZoneInfo("Asia/Tokyo"))[0] == "2024-03-11"


def test_a_local_clock_and_its_days_are_shifted_once(study: Path, tmp_path: Path) -> None:
    """A clock without a zone: with --timezone the day is its date, as without, and not the next one."""
    rows = [f"2024-03-10 23:30:{k // 50:02d}.{k % 50 * 20:03d},0,{k % 9 / 100},1" for k in range(1500)]
    (tmp_path / "P01.csv").write_text("\n".join(["time,x,y,z", *rows]) + "\n")
    probe = study / "probes" / "gait"
    for zone in (None, "Asia/Tokyo", "America/Los_Angeles"):
        result = wearcli.gait(
            tmp_path / "P01.csv",
            probe,
            tmp_path / "g",
            timezone=zone,
            reading=Reading(unit="g"),
            overwrite=True,
        )
        assert [row["day"] for row in result.days] == ["2024-03-10"]
        said = [note for note in result.notes if "days are dates in UTC" in note]
        assert len(said) == (zone is None)
    # A table knows the zone that it was embedded with; another one turns its moments into other dates.
    table = tmp_path / "t.parquet"
    wearcli.embed([tmp_path / "P01.csv"], table, reading=Reading(unit="g", timezone="America/Los_Angeles"))
    for zone, day in ((None, "2024-03-10"), ("UTC", "2024-03-11"), ("-07:00", "2024-03-10")):
        result = wearcli.gait(table, probe, tmp_path / "g", timezone=zone, overwrite=True)
        assert [row["day"] for row in result.days] == [day]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--probe", "activity"], "it predicts no metrics of walks"),
        (["--probe", "nothing"], "no probe folder"),
        (["--timezone", "Mars/Crater"], "no such time zone"),
        (["--min-bout", "0"], "--min-bout 0: seconds above 0"),
        (["--label", "walking"], "name it with --walking"),
        (["--walking", "activity"], "which of its classes are walks"),
        (["--walking", "activity", "--label", "dance"], "no class 'dance'"),
        (["--walking", "gait"], "predicts no classes"),
        (["--use", "mlp"], "--use"),
    ],
)
def test_arguments_that_cannot_be(
    study: Path, tmp_path: Path, command: Command, words: list[str], says: str
) -> None:
    names = {name: str(study / "probes" / name) for name in ("gait", "activity", "nothing")}
    flags = [names.get(word, word) for word in words]
    if "--probe" not in flags:
        flags += ["--probe", names["gait"]]
    code, _, err = command("gait", str(study / "new.parquet"), "-o", str(tmp_path / "g"), *flags)
    assert code == 2
    assert says in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "g").exists()


def test_the_time_of_a_day_adds_up() -> None:
    """A recording from 23:30 on, 90 minutes long: ten minutes of windows a day, some not worn."""
    start = datetime(2024, 3, 10, 23, 30, tzinfo=UTC)
    onsets = np.concatenate((np.arange(0, 600, 10.0), np.arange(3600, 4200, 10.0)))
    wear = np.ones(120, np.float32)
    wear[:6] = wear[60:72] = 0.0
    moments = [start + timedelta(seconds=onset) for onset in onsets]
    for dated in (True, False):
        table = pa.table(
            {
                "participant": ["p"] * 120,
                "placement": pa.nulls(120, pa.string()),
                "start": pa.array(moments if dated else [None] * 120, pa.timestamp("us", "UTC")),
                "onset": onsets,
                "duration": np.full(120, 10.0),
                "wear": wear,
            }
        )
        days = Days(ZoneInfo("UTC"), 10.0)
        days.add_windows(table, -np.inf)
        days.add_bout(Bout(0.0, 30.0, table.slice(0, 3)), None)
        days.end_recording(5400.0)
        assert {key[1] for key in days.by_key} == {""}
        seconds = {key[2]: (day.seconds, day.unworn_s, day.recorded_s) for key, day in days.by_key.items()}
        assert seconds == (
            {"2024-03-10": (540, 60, 1800), "2024-03-11": (480, 120, 3600)}
            if dated
            else {"1": (1020, 180, 5400)}
        )
