import filecmp
import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import median_filter
from scipy.signal import find_peaks
from scipy.stats import pearsonr
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from typer.testing import CliRunner

from wearcli.cli.app import app
from wearcli.errors import UsageError
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.study.discovery import find_recordings
from wearcli.signals.features.motion import features
from wearcli.simulation.heart import (
    EARLY,
    PAUSE,
    Rhythm,
    Vessels,
    beat_times,
    draw_heart,
    ecg_signal,
    ppg_signal,
)
from wearcli.simulation.sample import write_sample
from wearcli.simulation.takes import EMPATICA

MAX_BYTES, MAX_HEART_BYTES = 3_000_000, 2_000_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "study"
    write_sample(folder)
    return folder


def read(file: Path) -> np.ndarray:
    """(samples, 3) g, with nothing of the package's own readers."""
    if file.is_dir():
        return np.loadtxt(file / "ACC.csv", delimiter=",", skiprows=2) * EMPATICA.step_g
    if file.name.endswith(".csv.gz"):
        return pd.read_csv(file)[["acc_x", "acc_y", "acc_z"]].to_numpy() / 1000
    return pd.read_parquet(file)[["x", "y", "z"]].to_numpy().astype(float)


def pieces(folder: Path, table: str, window_s: float = 5.0) -> tuple[np.ndarray, pd.DataFrame]:
    """Features of the windows that tile each interval of a table, and the interval's row for each."""
    recordings = pd.read_csv(folder / "recordings.csv").set_index("recording")
    rows = pd.read_csv(folder / table)
    found, of = [], []
    for recording, intervals in rows.groupby("recording"):
        about = recordings.loc[recording]
        values, rate = read(folder / about.file), about.rate_hz
        size = int(window_s * rate)
        for number, interval in intervals.iterrows():
            first, last = int(interval.onset * rate), int((interval.onset + interval.duration) * rate)
            starts = range(first, last - size + 1, size)
            windows = np.stack([values[start : start + size] for start in starts]).astype(np.float32)
            found.append(features(windows, rate))
            of += [number] * len(windows)
    return np.concatenate(found), rows.loc[of].assign(person=lambda t: t.recording.str[:3])


def test_the_repository_holds_what_the_generator_makes(sample_data: Path, made: Path) -> None:
    names = sorted(p.relative_to(made).as_posix() for p in made.rglob("*"))
    assert sorted(p.relative_to(sample_data).as_posix() for p in sample_data.rglob("*")) == names
    for name in ("README.md", "participants.csv", "recordings.csv", "labels.csv"):
        assert (sample_data / name).read_text() == (made / name).read_text()
    gait, expected = (pd.read_csv(folder / "gait.csv") for folder in (sample_data, made))
    pd.testing.assert_frame_equal(gait, expected, rtol=1e-3)
    for file in pd.read_csv(made / "recordings.csv").file:
        # Another machine's rounding may move a value by one step of the sensor.
        step = 1 / 64 if (made / file).is_dir() else 0.001
        np.testing.assert_allclose(read(sample_data / file), read(made / file), atol=1.01 * step)


def test_the_same_seed_is_the_same_bytes_and_another_is_not(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        write_sample(tmp_path / name, participants=3, seed=seed)
    files = [p.relative_to(tmp_path / "one").as_posix() for p in (tmp_path / "one").rglob("*") if p.is_file()]
    same = filecmp.cmpfiles(tmp_path / "one", tmp_path / "two", files, shallow=False)
    assert sorted(same[0]) == sorted(files)
    differ = filecmp.cmpfiles(tmp_path / "one", tmp_path / "other", files, shallow=False)
    assert differ[0] == ["recordings.csv"]  # names and dates are not drawn


def test_a_participant_is_the_same_however_many_there_are(made: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "two", participants=2)
    for file in ("P01_daily.parquet", "P02_walks.parquet"):
        np.testing.assert_array_equal(read(tmp_path / "two" / file), read(made / file))


def test_it_is_small_and_its_sidecars_agree(made: Path) -> None:
    assert sum(p.stat().st_size for p in made.rglob("*") if p.is_file()) < MAX_BYTES
    recordings = pd.read_csv(made / "recordings.csv")
    people = pd.read_csv(made / "participants.csv")
    assert len(people) == 10
    assert set(recordings.participant) == set(people.participant)
    assert {Path(file).suffix for file in recordings.file} == {".parquet", ".gz", ""}
    seconds = {row.recording: len(read(made / row.file)) / row.rate_hz for row in recordings.itertuples()}
    for table, activities in (("labels.csv", 7), ("gait.csv", 6)):
        rows = pd.read_csv(made / table)
        assert (rows.groupby("recording").size() == activities).all()
        for recording, group in rows.groupby("recording"):
            ends = group.onset + group.duration
            assert (group.onset.to_numpy()[1:] >= ends.to_numpy()[:-1]).all()
            assert ends.max() <= seconds[recording]


def test_the_truth_obeys_what_is_known_of_gait(made: Path) -> None:
    gait = pd.read_csv(made / "gait.csv")
    np.testing.assert_allclose(gait.cadence_spm, 120 / gait.stride_time_s, atol=0.02)
    np.testing.assert_allclose(gait.stance_pct, 50 + gait.double_support_pct / 2, atol=0.02)
    assert gait.stride_time_s.between(0.75, 1.6).all()
    assert gait.walking_speed_mps.between(0.5, 2.2).all()
    assert gait.double_support_pct.between(10, 35).all()
    for _, own in gait.groupby("recording"):
        assert pearsonr(own.walking_speed_mps, own.double_support_pct).statistic < -0.8
        assert pearsonr(own.walking_speed_mps, own.stride_time_s).statistic < -0.8
    height = pd.read_csv(made / "participants.csv").set_index("participant").height_cm
    stride_m = (gait.walking_speed_mps * gait.stride_time_s).groupby(gait.recording.str[:3]).mean()
    assert pearsonr(stride_m, height[stride_m.index]).statistic > 0.4


def test_rest_is_one_g_and_every_value_a_step_of_the_sensor(made: Path) -> None:
    labels = pd.read_csv(made / "labels.csv")
    recordings = pd.read_csv(made / "recordings.csv").set_index("recording")
    for interval in labels[labels.label == "lying"].itertuples():
        about = recordings.loc[interval.recording]
        values = read(made / about.file)
        first, last = (int(at * about.rate_hz) for at in (interval.onset, interval.onset + interval.duration))
        magnitude = np.linalg.norm(values[first:last], axis=1)
        assert np.median(magnitude) == pytest.approx(1, abs=0.04)
        if about.file.endswith(".parquet"):
            assert (values * 1024 % 1 == 0).all()


def test_stride_time_can_be_read_from_the_vertical_axis(made: Path) -> None:
    """The autocorrelation of a whole walk, of all the lags that a stride can have, is highest after one."""
    recordings = pd.read_csv(made / "recordings.csv").set_index("recording")
    for walk in pd.read_csv(made / "gait.csv").itertuples():
        rate = recordings.rate_hz[walk.recording]
        values = read(made / recordings.file[walk.recording])[:, 0]
        signal = values[int(walk.onset * rate) : int((walk.onset + walk.duration) * rate)]
        signal = signal - signal.mean()
        correlation = np.correlate(signal, signal, "full")[len(signal) - 1 :]
        peaks, _ = find_peaks(correlation)
        strides = peaks[(peaks > 0.8 * rate) & (peaks < 1.6 * rate)]
        stride = strides[np.argmax(correlation[strides])]
        a, b, c = correlation[stride - 1 : stride + 2]
        estimate = (stride + 0.5 * (a - c) / (a - 2 * b + c)) / rate
        assert estimate == pytest.approx(walk.stride_time_s, rel=0.02)


def test_gait_can_be_learnt_for_people_never_seen(made: Path) -> None:
    found, rows = pieces(made, "gait.csv")
    per_walk = pd.DataFrame(found).groupby(rows.index.to_numpy()).mean()
    truth = pd.read_csv(made / "gait.csv").loc[per_walk.index]
    for metric, least in (("stride_time_s", 0.95), ("double_support_pct", 0.6), ("walking_speed_mps", 0.8)):
        told = cross_val_predict(
            make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 4, 11))),
            per_walk.to_numpy(),
            truth[metric],
            groups=truth.recording,
            cv=GroupKFold(5),
        )
        assert pearsonr(told, truth[metric]).statistic > least, metric


def test_activities_are_neither_trivial_nor_hopeless(made: Path) -> None:
    found, rows = pieces(made, "labels.csv")
    told = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500)),
        found,
        rows.label,
        groups=rows.person,
        cv=GroupKFold(5),
    )
    assert 0.75 < f1_score(rows.label, told, average="macro") < 0.98


def test_every_file_opens_without_a_flag(made: Path) -> None:
    recordings = pd.read_csv(made / "recordings.csv").set_index("recording")
    found = find_recordings([made])
    assert [source.recording for source in found.sources] == sorted(recordings.index)
    assert not found.problems
    for source in found.sources:
        about = recordings.loc[source.recording]
        recording = open_recording(source)
        values = np.concatenate([chunk.values for chunk in recording.chunks()])
        np.testing.assert_allclose(values, read(made / about.file), atol=1e-6)
        assert (source.participant, source.placement) == (about.participant, about.placement)
        assert recording.rate_hz == pytest.approx(about.rate_hz)
        assert recording.start == datetime.fromisoformat(about.start)
        assert recording.unit == "g"
        assert not recording.warnings


def test_the_command(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["sample", str(tmp_path / "study"), "--participants", "1", "--json"])
    assert run.exit_code == 0
    document = json.loads(run.stdout)
    assert document["participants"] == 1
    assert document["recordings"] == 2
    assert document["output"] == str(tmp_path / "study")
    assert (tmp_path / "study" / "gait.csv").exists()


def test_it_replaces_its_own_study_on_demand_and_nothing_else(tmp_path: Path) -> None:
    study, recordings = tmp_path / "study", tmp_path / "recordings"
    write_sample(study, participants=1)
    with pytest.raises(UsageError, match="--overwrite"):
        write_sample(study, participants=1)
    write_sample(study, participants=1, seed=5, overwrite=True)
    assert "--seed 5" in (study / "README.md").read_text()
    recordings.mkdir()
    (recordings / "precious.csv").write_text("time,x,y,z\n")
    with pytest.raises(UsageError, match="something else"):
        write_sample(recordings, participants=1, overwrite=True)
    assert (recordings / "precious.csv").exists()
    (tmp_path / "empty").mkdir()
    write_sample(tmp_path / "empty", participants=1)
    assert (tmp_path / "empty" / "gait.csv").exists()
    with pytest.raises(UsageError, match="--participants"):
        write_sample(tmp_path / "none", participants=0)
    assert not (tmp_path / "none").exists()


@pytest.fixture(scope="module")
def hearts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hearts") / "study"
    write_sample(folder, study="heart")
    return folder


def signal(folder: Path, participant: str, name: str) -> np.ndarray:
    """(samples,), with nothing of the package's own readers."""
    (file,) = folder.glob(f"{participant}.{name}.*")
    return (pd.read_csv(file) if file.name.endswith(".csv.gz") else pd.read_parquet(file))[name].to_numpy()


def r_peaks(ecg: np.ndarray) -> np.ndarray:
    """Times of the R peaks, s, as a plain search for peaks finds them."""
    level = ecg - median_filter(ecg, 65)
    at, _ = find_peaks(level, 0.5 * np.percentile(level, 99), distance=round(0.3 * 128))
    return at / 128


def test_hearts_are_small_the_same_each_time_and_whole(hearts: Path, tmp_path: Path) -> None:
    assert sum(file.stat().st_size for file in hearts.iterdir()) < MAX_HEART_BYTES
    for name, seed in (("again", 0), ("other", 1)):
        write_sample(tmp_path / name, 3, seed, study="heart")
    for file in sorted((tmp_path / "again").glob("P*")):
        assert (hearts / file.name).read_bytes() == file.read_bytes()
        assert (tmp_path / "other" / file.name).read_bytes() != file.read_bytes()
    people = pd.read_csv(hearts / "participants.csv")
    assert len(people) == people.participant.nunique() == 12
    assert list(people.columns) == ["participant", "age", "sex", "height_cm", "weight_kg"]
    recordings = pd.read_csv(hearts / "recordings.csv")
    assert len(recordings) == 24
    assert all((hearts / file).is_file() for file in recordings.file)
    suffixes = Counter("".join(Path(file).suffixes) for file in recordings.file)
    assert suffixes == {".ecg.parquet": 6, ".ecg.csv.gz": 6, ".ppg.parquet": 6, ".ppg.csv.gz": 6}
    labels = pd.read_csv(hearts / "labels.csv")
    assert Counter(labels.label) == {"AF": 4, "normal": 8}
    assert (labels.onset + labels.duration == 120).all()
    assert "wearcli sample DIR --study heart --participants 12 --seed 0" in (hearts / "README.md").read_text()


@pytest.mark.parametrize(("modality", "rate_hz", "placement"), [("ecg", 128, "chest"), ("ppg", 64, "wrist")])
def test_hearts_open_without_a_flag(hearts: Path, modality: str, rate_hz: int, placement: str) -> None:
    found = find_recordings([hearts], modality=modality)
    assert [source.recording for source in found.sources] == [f"P{k:02d}" for k in range(1, 13)]
    assert not found.problems
    starts = set()
    for source in found.sources:
        recording = open_recording(source, Reading(modality))
        values = np.concatenate([chunk.values for chunk in recording.chunks()])
        np.testing.assert_allclose(values[:, 0], signal(hearts, source.recording, modality), atol=1e-3)
        assert recording.rate_hz == pytest.approx(rate_hz)
        assert len(values) == 120 * rate_hz
        assert (source.participant, source.placement) == (source.recording, placement)
        assert not recording.warnings
        starts.add(recording.start)
    assert len(starts) == 12


def test_the_truth_of_hearts_can_be_read_from_the_ecg(hearts: Path) -> None:
    for row in pd.read_csv(hearts / "heart.csv").itertuples():
        peaks = r_peaks(signal(hearts, row.recording, "ecg"))
        intervals = np.diff(peaks[(peaks >= row.onset) & (peaks < row.onset + row.duration)])
        assert 60 / intervals.mean() == pytest.approx(row.hr_bpm, rel=0.01)
        # A sample is 8 ms: its rounding alone is 3.
        assert intervals.std(ddof=1) * 1e3 == pytest.approx(row.sdnn_ms, abs=6)
        assert np.sqrt(np.square(np.diff(intervals)).mean()) * 1e3 == pytest.approx(row.rmssd_ms, abs=9)


def test_fibrillation_is_irregular_and_has_no_p_wave(hearts: Path) -> None:
    labels = pd.read_csv(hearts / "labels.csv").set_index("recording").label
    irregular, waves = {}, {}
    for recording in labels.index:
        ecg = signal(hearts, recording, "ecg")
        at = np.rint(r_peaks(ecg) * 128).astype(int)[2:-2]
        irregular[recording] = float(np.median(np.abs(np.diff(np.diff(at)))) / np.median(np.diff(at)))
        before = np.median([ecg[k - 38 : k - 10] for k in at], axis=0)
        waves[recording] = np.ptp(before - np.linspace(before[0], before[-1], len(before)))
    for of in (irregular, waves):
        told = pd.Series(of).groupby(labels)
        low, high = ("normal", "AF") if of is irregular else ("AF", "normal")
        assert told.max()[low] < told.min()[high]


def test_a_pulse_rises_a_transit_time_after_its_beat() -> None:
    beats = beat_times(Rhythm(70), 60.0, np.random.default_rng(0))
    ppg = ppg_signal(beats, 500.0, Vessels(transit_s=0.21))
    slope = np.gradient(ppg)
    at, _ = find_peaks(slope, 0.5 * slope.max(), distance=150)
    true = beats.times[(beats.times > -0.2) & (beats.times < 59.7)] + 0.21
    assert np.abs(at / 500 - true).max() < 0.006
    ecg = ecg_signal(beats, 500.0)
    peaks, _ = find_peaks(ecg, 0.7)
    np.testing.assert_allclose(peaks / 500, beats.within(0, 60), atol=0.002)


def test_rhythms_are_what_they_say() -> None:
    rng = np.random.default_rng(0)
    steady = beat_times(Rhythm(75, breath=0, slow=0, jitter=0), 300.0, rng)
    np.testing.assert_allclose(np.diff(steady.times), 0.8)
    assert steady.times[0] < -2.9
    assert steady.times[-1] > 302.9
    wandering = np.diff(beat_times(Rhythm(60, breath=0.04, slow=0.03, jitter=0.01), 3000.0, rng).times)
    assert wandering.std() == pytest.approx(np.sqrt(0.04**2 + 0.03**2 + 0.01**2), rel=0.1)
    early = beat_times(Rhythm(60, breath=0, slow=0, jitter=0, ectopic=0.1), 3000.0, rng)
    np.testing.assert_allclose(early.intervals[early.early], EARLY)
    np.testing.assert_allclose(early.intervals[1:][early.early[:-1]], PAUSE)
    assert 0.06 < early.early.mean() < 0.12
    chaos = np.diff(beat_times(Rhythm(90, fibrillating=True), 3000.0, rng).times)
    assert np.median(60 / chaos) == pytest.approx(90, rel=0.03)
    assert abs(np.corrcoef(chaos[1:], chaos[:-1])[0, 1]) < 0.05


def test_hearts_go_loosely_with_who_has_them() -> None:
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(600):
        age, sex, height = int(rng.integers(20, 80)), rng.choice(["F", "M"]), rng.uniform(150, 195)
        weight = rng.uniform(19, 34) * (height / 100) ** 2
        heart = draw_heart(age, sex, height, weight, False, rng)
        body = (age, height, weight / (height / 100) ** 2, sex == "F")
        rows.append(
            (*body, heart.rhythm.bpm, heart.rhythm.breath, heart.leads.r, *vars(heart.vessels).values())
        )
    names = ["age", "height", "bmi", "woman", "bpm", "breath", "r", "transit", "reflected", "dicrotic"]
    between = pd.DataFrame(rows, columns=names).astype(float).corr()
    for one, other, low, high in (
        ("bmi", "bpm", 0.3, 0.75),
        ("woman", "bpm", 0.2, 0.6),
        ("age", "breath", -0.95, -0.5),
        ("age", "dicrotic", -0.95, -0.5),
        ("age", "reflected", 0.5, 0.95),
        ("age", "transit", -0.95, -0.5),
        ("bmi", "r", -0.7, -0.2),
        ("age", "bpm", -0.15, 0.15),
    ):
        assert low < between.loc[one, other] < high, (one, other)


def test_the_command_writes_hearts(tmp_path: Path) -> None:
    words = ["sample", str(tmp_path / "study"), "--study", "heart", "--participants", "2", "--json"]
    run = CliRunner().invoke(app, words)
    assert run.exit_code == 0
    document = json.loads(run.stdout)
    assert (document["study"], document["participants"], document["recordings"]) == ("heart", 2, 2)
    assert document["hours"] == 0.07
    assert "--modality ecg" in run.stderr
    assert (tmp_path / "study" / "heart.csv").exists()
    # A study gives way to another one, on demand.
    write_sample(tmp_path / "study", 1, overwrite=True)
    assert not (tmp_path / "study" / "heart.csv").exists()
    with pytest.raises(UsageError, match="--study takes motion, heart"):
        write_sample(tmp_path / "none", study="brain")  # type: ignore[arg-type]
    assert CliRunner().invoke(app, ["sample", str(tmp_path / "none"), "--study", "brain"]).exit_code == 2
    assert not (tmp_path / "none").exists()
