"""`wearcli heart-truth` on hearts whose beats are known."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import wearcli
from tests.truth.make import (
    BEGAN,
    RATES,
    drawn_heart,
    seen_at,
    signal_of,
    truth_of,
    write_acc,
    write_signal,
)
from wearcli.errors import InputError, UsageError
from wearcli.labels.tasks import resolve_task
from wearcli.signals.beats import Pulse
from wearcli.simulation.heart import Heartbeats, Noise
from wearcli.simulation.sample import write_sample
from wearcli.truth import heart as truth
from wearcli.truth.heart_minutes import heart_windows

Command = Callable[..., tuple[int, str, str]]
METRICS = ["hr_bpm", "sdnn_ms", "rmssd_ms"]
SOME = Noise(0.05, 0.3)


def heart_file(path: Path, beats: Heartbeats, kind: Pulse = "ppg", began: float | None = BEGAN) -> Path:
    return write_signal(path, signal_of(beats, kind, SOME), RATES[kind], began)


# Rate, bpm; SDNN and RMSSD, ms, of each minute: a jitter of 5 ms of each pulse's place adds some to RMSSD.
@pytest.mark.parametrize(("kind", "within"), [("ecg", (0.1, 1.5, 3.0)), ("ppg", (0.2, 5.0, 9.0))])
def test_rate_and_variability_are_those_of_the_beats(
    tmp_path: Path, kind: Pulse, within: tuple[float, float, float]
) -> None:
    errors = []
    for number in range(8):
        beats = drawn_heart(number, 300)
        heart_file(tmp_path / f"P{number}_rest.{kind}.parquet", beats, kind)
    result = wearcli.heart_truth([tmp_path], tmp_path / "heart.csv", modality=kind)
    table = pd.read_csv(tmp_path / "heart.csv")
    assert result.clocks == {"own": 8}
    assert len(table) == result.rows == 40
    for row in table.itertuples():
        beats = drawn_heart(int(str(row.recording)[1]), 300)
        known = truth_of(seen_at(beats, kind), row.onset, 60)  # type: ignore[arg-type]
        errors.append([getattr(row, name) for name in METRICS] - known)
        assert abs(row.n_beats - known[0]) < 4  # type: ignore[operator]
    assert (np.abs(errors).max(axis=0) < within).all(), np.abs(errors).max(axis=0)
    assert (table["duration"] == 60).all()
    assert (table["quality"] > (0.8 if kind == "ppg" else 0.5)).all()


def test_early_beats_are_left_out_of_the_variability(tmp_path: Path) -> None:
    """SDNN of the normal intervals: those that an early beat begins or ends are not."""
    beats = drawn_heart(1, 600, bpm=62, ectopic=0.06, breath=0.02)
    heart_file(tmp_path / "P1.ecg.parquet", beats, "ecg")
    wearcli.heart_truth([tmp_path], tmp_path / "heart.csv", modality="ecg", min_quality=0.3)
    table = pd.read_csv(tmp_path / "heart.csv")
    assert len(table) >= 8
    all_of, normal = [], []
    for onset in table["onset"]:
        inside = (beats.times >= onset) & (beats.times < onset + 60)
        times, early = beats.times[inside], beats.early[inside]
        rr = np.diff(times)
        all_of.append(1e3 * rr.std(ddof=1))
        normal.append(1e3 * rr[~(early[1:] | early[:-1])].std(ddof=1))
    assert np.min(all_of) > 60
    np.testing.assert_allclose(table["sdnn_ms"], normal, atol=6)


@pytest.mark.parametrize("late_s", [0.0, 7.3, -12.0, 60.0])
def test_onsets_are_on_the_clock_of_the_acceleration(tmp_path: Path, late_s: float) -> None:
    """Whole minutes of the acceleration's recording, whenever the PPG began; what was before it is no row."""
    beats = drawn_heart(3, 400, slow=0.06)
    heart_file(tmp_path / "P1_day.ppg.parquet", beats, "ppg", BEGAN + late_s)
    write_acc(tmp_path / "P1_day.acc.parquet", 420)
    result = wearcli.heart_truth([tmp_path], tmp_path / "heart.csv")
    table = pd.read_csv(tmp_path / "heart.csv")
    first = {0.0: 0, 7.3: 60, -12.0: 0, 60.0: 60}[late_s]
    last = 60 * int((400 + late_s) // 60 - 1)
    assert table["onset"].tolist() == list(range(first, last + 1, 60))
    assert result.clocks == {"name": 1}
    for row in table.itertuples():
        known = truth_of(seen_at(beats, "ppg"), row.onset - late_s, 60)  # type: ignore[operator]
        assert row.hr_bpm == pytest.approx(known[0], abs=0.2)
        assert row.sdnn_ms == pytest.approx(known[1], abs=5)


def test_what_was_measured_before_the_acceleration_is_told(tmp_path: Path) -> None:
    heart_file(tmp_path / "P1.ppg.parquet", drawn_heart(3, 400), "ppg", BEGAN - 130)
    write_acc(tmp_path / "P1.acc.parquet", 300)
    result = wearcli.heart_truth([tmp_path], tmp_path / "heart.csv", stride_s=30)
    assert pd.read_csv(tmp_path / "heart.csv")["onset"].tolist() == list(range(0, 211, 30))
    assert result.left_out["windows that begin before the acceleration does"] == 4


def test_two_folders_are_paired_by_person_and_time(tmp_path: Path) -> None:
    """Two stretches of finger PPG within one recording of the wrist; another person's is at the same time."""
    beats = drawn_heart(5, 130)
    for number, began in enumerate((20, 300)):
        heart_file(tmp_path / f"ppg/P1_part{number}.ppg.parquet", beats, "ppg", BEGAN + began)
    heart_file(tmp_path / "ppg/P2_a.ppg.parquet", drawn_heart(6, 130), "ppg")
    write_acc(tmp_path / "acc/P1_watch.parquet", 600)
    result = wearcli.heart_truth([tmp_path / "ppg"], tmp_path / "heart.csv", main=tmp_path / "acc")
    table = pd.read_csv(tmp_path / "heart.csv")
    assert result.clocks == {"time": 2, "own": 1}
    assert table[["recording", "onset"]].to_numpy().tolist() == [
        ["P1_watch", 60],
        ["P1_watch", 300],
        ["P1_watch", 360],
        ["P2_a.ppg", 0],
        ["P2_a.ppg", 60],
    ]
    assert table["hr_bpm"][0] == pytest.approx(truth_of(seen_at(beats, "ppg"), 40, 60)[0], abs=0.2)
    with pytest.raises(UsageError, match="no recording of acceleration"):
        wearcli.heart_truth([tmp_path / "ppg"], tmp_path / "no.csv", main=tmp_path / "ppg")


def test_two_folders_are_paired_by_name(tmp_path: Path) -> None:
    """Names that tell the signal, no starts, and more than one recording of a person."""
    for name in ("P1_rest", "P1_walk"):
        heart_file(tmp_path / f"ppg/{name}.ppg.parquet", drawn_heart(len(name), 70), "ppg", None)
        write_acc(tmp_path / f"acc/{name}_acc.parquet", 70, None)
    result = wearcli.heart_truth([tmp_path / "ppg"], tmp_path / "heart.csv", main=tmp_path / "acc")
    assert result.clocks == {"name": 2}
    assert pd.read_csv(tmp_path / "heart.csv")["recording"].tolist() == ["P1_rest_acc", "P1_walk_acc"]


def test_without_starts_they_are_taken_to_begin_together(tmp_path: Path) -> None:
    heart_file(tmp_path / "P1.ppg.parquet", drawn_heart(3, 130), "ppg", None)
    write_acc(tmp_path / "P1.acc.parquet", 130, None)
    result = wearcli.heart_truth([tmp_path], tmp_path / "heart.csv")
    assert pd.read_csv(tmp_path / "heart.csv")["onset"].tolist() == [0, 60]
    assert "taken to start with their acceleration" in result.notes[0]


def test_what_shows_no_beats_is_left_out(tmp_path: Path) -> None:
    values = signal_of(drawn_heart(3, 300), "ppg", SOME)
    rng = np.random.default_rng(0)
    values[60 * 64 : 120 * 64] = rng.normal(size=60 * 64)
    values[180 * 64 : 240 * 64] = 0.7
    write_signal(tmp_path / "P1.ppg.parquet", values, 64.0)
    result = wearcli.heart_truth([tmp_path], tmp_path / "heart.csv")
    assert pd.read_csv(tmp_path / "heart.csv")["onset"].tolist() == [0, 120, 240]
    assert result.left_out["windows of a quality below 0.8"] == 2
    result = wearcli.heart_truth([tmp_path], tmp_path / "all.csv", min_quality=0)
    assert result.left_out["windows of too few normal beats"] == 1
    assert (pd.read_csv(tmp_path / "all.csv")[METRICS] > 0).all(axis=None)


def test_the_table_is_one_that_a_probe_takes(tmp_path: Path) -> None:
    """Quality and the number of beats are no metrics."""
    heart_file(tmp_path / "P1.ppg.parquet", drawn_heart(3, 130))
    wearcli.heart_truth([tmp_path], tmp_path / "heart.csv")
    task = resolve_task("heart", tmp_path / "heart.csv", None, None, {}, None, ["P1"])
    assert list(task.targets) == METRICS


def test_one_broken_file_does_not_stop_the_rest(tmp_path: Path, command: Command) -> None:
    """A broken signal is named once; that of a broken acceleration has no clock, and no row."""
    study = tmp_path / "study"
    for name in ("P1", "P2", "P3"):
        heart_file(study / f"{name}.ppg.parquet", drawn_heart(3, 130))
        write_acc(study / f"{name}.acc.parquet", 130)
    (study / "P1.ppg.parquet").write_bytes(b"PAR1 nothing")
    (study / "P2.acc.parquet").write_bytes(b"PAR1 nothing")
    out = tmp_path / "heart.csv"
    code, stdout, err = command("heart-truth", str(study), "-o", str(out), "--json")
    assert code == 1, err
    assert set(pd.read_csv(out)["recording"]) == {"P3"}
    told = json.loads(stdout)
    assert [Path(one["error"].split(":")[0]).name for one in told["failed"]] == [
        "P2.acc.parquet",
        "P1.ppg.parquet",
    ]
    assert (told["rows"], told["recordings"], told["clocks"]) == (2, 1, {"name": 2})


def test_an_error_that_nobody_foresaw_does_not_stop_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("P1", "P2"):
        heart_file(tmp_path / f"{name}.ppg.parquet", drawn_heart(3, 70))

    def broken(recording, *more):  # type: ignore[no-untyped-def]
        if recording.source.participant == "P1":
            raise ValueError("no such thing")
        return heart_windows(recording, *more)

    monkeypatch.setattr(truth, "heart_windows", broken)
    result = wearcli.heart_truth([tmp_path], tmp_path / "heart.csv")
    assert result.rows == 1
    assert "P1.ppg.parquet: cannot be read (no such thing)" in result.failed[0]["error"]


def test_the_command_writes_nothing_over_and_nothing_dry(tmp_path: Path, command: Command) -> None:
    study, out = tmp_path / "study", tmp_path / "heart.csv"
    heart_file(study / "P1.ecg.parquet", drawn_heart(3, 130), "ecg")
    words = ["heart-truth", str(study), "--modality", "ecg", "-o", str(out)]
    code, _, err = command(*words, "--dry-run")
    assert (code, out.exists()) == (0, False)
    assert "would read the ecg of 1 recording" in err
    code, _, err = command(*words)
    assert code == 0, err
    assert "clock of the signal itself" in err
    assert "2 windows of 1 recording" in err
    code, _, err = command(*words)
    assert (code, "is there already" in err) == (2, True)
    code, _, err = command(*words, "--overwrite", "--window", "30", "--stride", "15")
    assert code == 0, err
    assert pd.read_csv(out)["onset"].tolist() == list(range(0, 91, 15))


def test_arguments_that_cannot_be(tmp_path: Path) -> None:
    heart_file(tmp_path / "P1.ppg.parquet", drawn_heart(3, 130))
    for arguments, says in [
        ({"modality": "acc"}, "--modality ppg or ecg"),
        ({"min_quality": 2}, "--min-quality takes 0 to 1"),
        ({"window_s": 5}, "--window takes 10 s or more"),
        ({"stride_s": 0}, "--stride takes seconds above 0"),
    ]:
        with pytest.raises(UsageError, match=says):
            wearcli.heart_truth([tmp_path], tmp_path / "heart.csv", **arguments)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no window of 200 s"):
        wearcli.heart_truth([tmp_path], tmp_path / "heart.csv", window_s=200)
    assert not (tmp_path / "heart.csv").exists()


@pytest.fixture(scope="module")
def exercise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight people who run or walk half of the time; their heart is at another rate than their steps."""
    folder = tmp_path_factory.mktemp("exercise") / "study"
    write_sample(folder, 8, seed=3, study="wrist", minutes=10, exercise=0.5)
    return folder


def errors_of(study: Path, made: Path) -> tuple[pd.DataFrame, pd.Series]:
    both = pd.read_csv(study / "heart.csv").merge(
        pd.read_csv(made), on=["recording", "onset"], suffixes=("_true", "")
    )
    return both, (both["hr_bpm"] - both["hr_bpm_true"]).abs()


def test_steps_are_no_pulse_where_acceleration_stands_beside(exercise: Path, tmp_path: Path) -> None:
    """19 in 20 of the minutes that are kept are right to 5 bpm, and moving ones are among them."""
    result = wearcli.heart_truth([exercise], tmp_path / "heart.csv")
    table, off = errors_of(exercise, tmp_path / "heart.csv")
    moving = table["sdnn_ms"].isna()
    assert result.failed == []
    assert moving.sum() == result.moving >= 10
    assert (off <= 5).mean() >= 0.95
    assert (off[moving] <= 5).mean() >= 0.95
    assert len(table) > 0.6 * len(pd.read_csv(exercise / "heart.csv"))
    assert result.left_out["moving windows whose pulse is at the cadence"] > 0
    assert f"{result.moving} windows move" in result.notes[-1]


def test_ppg_alone_cannot_tell_steps_from_beats(exercise: Path, tmp_path: Path) -> None:
    """The study is hard enough: without the acceleration more than one minute in twenty is wrong."""
    (tmp_path / "alone").mkdir()
    for file in exercise.glob("*.ppg.parquet"):
        frame = pd.read_parquet(file)
        frame.to_parquet(tmp_path / "alone" / file.name.replace(".ppg", ""))
    result = wearcli.heart_truth([tmp_path / "alone"], tmp_path / "heart.csv")
    table = pd.read_csv(tmp_path / "heart.csv")
    assert result.moving == 0
    assert table["sdnn_ms"].notna().all()
    truth = pd.read_csv(exercise / "heart.csv")
    nearest = pd.merge_asof(
        table.sort_values("onset"),
        truth.sort_values("onset"),
        on="onset",
        by="recording",
        direction="nearest",
        tolerance=10,
        suffixes=("", "_true"),
    )
    assert ((nearest["hr_bpm"] - nearest["hr_bpm_true"]).abs() > 5).mean() > 0.05


def test_an_arm_that_swings_without_a_heart_has_no_rate(tmp_path: Path) -> None:
    """PPG that shows the swing alone: a rubber band would have a pulse of 85 else."""
    rng = np.random.default_rng(0)
    time = np.arange(300 * 64) / 64
    swing = np.sin(2 * np.pi * 85 / 60 * time + 0.3 * np.sin(0.5 * time))
    acc = np.array([0, 0, 1]) + 0.4 * np.outer(swing, [1, 0.2, 0]) + rng.normal(0, 0.01, (len(time), 3))
    wave = np.exp(np.cos(np.arcsin(swing) + 0.4)) * np.sign(np.gradient(swing))
    ppg = swing + 0.5 * wave + 0.02 * rng.normal(size=len(time))
    write_signal(tmp_path / "study" / "P1.acc.parquet", acc, 64.0)
    write_signal(tmp_path / "study" / "P1.ppg.parquet", ppg, 64.0)
    with pytest.raises(InputError, match="no row can be made"):
        wearcli.heart_truth([tmp_path / "study"], tmp_path / "heart.csv", min_quality=0.01)
