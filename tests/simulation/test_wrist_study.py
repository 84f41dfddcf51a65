import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.signal import butter, find_peaks, sosfiltfilt
from typer.testing import CliRunner

from wearcli.cli.app import app
from wearcli.errors import UsageError
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.study.discovery import find_recordings
from wearcli.simulation.heart import Heartbeats, Rhythm, beat_times
from wearcli.simulation.sample import write_sample
from wearcli.simulation.wrist_study import draw_pulse, pulse_train

PEOPLE = 3


def make(folder: Path, **options: float) -> Path:
    write_sample(folder, PEOPLE, study="wrist", minutes=3, **options)  # type: ignore[arg-type]
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("wrist") / "study")


@pytest.fixture(scope="module")
def loud(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pulse that towers above all movements, and no noise."""
    return make(tmp_path_factory.mktemp("loud") / "study", pulse_mg=1000, noise_mg=0, step_mg=0)


def read(folder: Path, recording: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """(samples,) s of UTC and (samples, channels), with nothing of the package's own readers."""
    frame = pd.read_parquet(folder / f"{recording}.{name}.parquet")
    seconds = (frame.pop("timestamp") - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
    return seconds.to_numpy(), frame.to_numpy().astype(float)


def recordings(folder: Path) -> list[str]:
    return sorted(set(pd.read_csv(folder / "recordings.csv").recording))


def beats_of(acc: np.ndarray) -> np.ndarray:
    """Where the norm of the band-passed acceleration peaks, samples of 50 Hz."""
    passed = sosfiltfilt(butter(2, (4, 11), "bandpass", fs=50, output="sos"), acc, axis=0)
    energy = sosfiltfilt(butter(2, 4, fs=50, output="sos"), np.square(passed).sum(axis=1))
    return find_peaks(energy, 0.1 * np.percentile(energy, 99), distance=15)[0]


def test_the_beats_in_the_acceleration_are_those_of_the_table(loud: Path) -> None:
    truth = pd.read_csv(loud / "heart.csv")
    assert truth.groupby("recording").size().tolist() == [3] * PEOPLE
    for row in truth.itertuples():
        time, acc = read(loud, row.recording, "acc")
        peaks = time[beats_of(acc)] - time[0]
        # The R peak comes before the oscillation: about a quarter of a second to its middle.
        steps = np.diff(peaks[(peaks >= row.onset + 0.23) & (peaks < row.onset + row.duration + 0.23)])
        assert 60 / steps.mean() == pytest.approx(row.hr_bpm, rel=0.01)
        assert 1e3 * steps.std(ddof=1) == pytest.approx(row.sdnn_ms, abs=7)  # a sample is 20 ms
        assert 1e3 * np.sqrt(np.square(np.diff(steps)).mean()) == pytest.approx(row.rmssd_ms, abs=12)


def test_both_sensors_saw_a_beat_at_one_time_of_the_clock(loud: Path) -> None:
    for recording in recordings(loud):
        time, acc = read(loud, recording, "acc")
        moved = time[beats_of(acc)]
        light_time, ppg = read(loud, recording, "ppg")
        lit = light_time[find_peaks(np.gradient(ppg[:, 0]), 60, distance=24)[0]]
        moved = moved[(moved > lit[0] + 1) & (moved < lit[-1] - 1)]
        lags = moved - lit[np.abs(moved[:, None] - lit).argmin(axis=1)]
        # Over three minutes a clock that is 0.2 % off would drift by 0.36 s.
        assert np.quantile(np.abs(lags), 0.9) < 0.15  # a movement hides a beat of the PPG
        assert abs(np.median(lags[:40]) - np.median(lags[-40:])) < 0.03
        assert 1 <= abs(time[0] - light_time[0]) <= 5
        rates = [1 / np.diff(of).mean() for of in (time, light_time)]
        assert rates == pytest.approx([50, 64], rel=0.0021)
        assert np.abs(np.array(rates) / [50, 64] - 1).min() > 1e-5


def test_values_are_steps_of_the_sensor(made: Path, tmp_path: Path) -> None:
    coarse = make(tmp_path / "coarse", step_mg=15.625)
    for folder, step in ((made, 1e-3), (coarse, 0.015625)):
        for recording in recordings(folder):
            steps = read(folder, recording, "acc")[1] / step
            np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)
            assert len(np.unique(np.rint(steps))) > 20


def test_cells_of_a_grid_differ_in_what_the_grid_varies_alone(made: Path, tmp_path: Path) -> None:
    none = {"pulse_mg": 0.0, "noise_mg": 0.0, "step_mg": 0.0}
    still = make(tmp_path / "still", **none)
    beating = make(tmp_path / "beating", **none | {"pulse_mg": 2.0})
    twice = make(tmp_path / "twice", **none | {"pulse_mg": 4.0})
    noisy = make(tmp_path / "noisy", **none | {"noise_mg": 5.0})
    for name in ("heart.csv", "recordings.csv", "participants.csv", "P01.ppg.parquet"):
        assert (still / name).read_bytes() == (twice / name).read_bytes() == (made / name).read_bytes()
    for recording in recordings(still):
        nothing, one, two, noise, all_three = (
            read(folder, recording, "acc")[1] for folder in (still, beating, twice, noisy, made)
        )
        pulse = one - nothing
        np.testing.assert_allclose(two - nothing, 2 * pulse, atol=1e-6)
        heights = np.linalg.norm(pulse, axis=1)
        peaks = heights[find_peaks(heights, 1e-3, distance=25)[0]]
        assert 0.002 * 0.85 < np.median(peaks) < 0.002 * 1.05
        assert 0.08 < peaks.std() / peaks.mean() < 0.2
        white = noise - nothing
        np.testing.assert_allclose(white.std(axis=0), 0.005, rtol=0.03)
        # The study as it is by default: the same pulse and the same noise, in steps of 1 mg.
        built = nothing + 1.5 * pulse + white / 5
        assert np.abs(all_three - built).max() < 0.00051


def test_the_pulse_turns_with_the_posture_as_gravity_does(tmp_path: Path) -> None:
    none = {"noise_mg": 0.0, "step_mg": 0.0}
    still, beating = make(tmp_path / "still", **none, pulse_mg=0.0), make(tmp_path / "beating", **none)
    own = []
    for recording in recordings(still):
        (_, nothing), (_, one) = read(still, recording, "acc"), read(beating, recording, "acc")
        pulse = one - nothing
        # A posture is held for 50 to 130 s: the last 40 s of three minutes are of others, one maybe new.
        blocks = [slice(begin, begin + 500) for begin in range(7000, 8500, 100)]
        first, last = slice(0, 2000), min(blocks, key=lambda part: nothing[part].std(axis=0).sum())
        directions = [np.linalg.svd(pulse[part], full_matrices=False)[2][0] for part in (first, last)]
        gravity = [np.median(nothing[part], axis=0) for part in (first, last)]
        angles = [abs(a @ b) for a, b in zip(directions, gravity, strict=True)]
        assert angles[0] == pytest.approx(angles[1], abs=0.02)
        assert abs(directions[0] @ directions[1]) < 0.99
        own.append(angles[0])
    assert np.ptp(own) > 0.1


def test_the_acceleration_is_that_of_a_wrist_at_rest(tmp_path: Path) -> None:
    write_sample(tmp_path / "study", 6, study="wrist", pulse_mg=0, noise_mg=0, step_mg=0)
    moved, postures, breaths = [], [], []
    for recording in recordings(tmp_path / "study"):
        _, acc = read(tmp_path / "study", recording, "acc")
        assert np.median(np.linalg.norm(acc, axis=1)) == pytest.approx(1, abs=1e-3)
        deviation = acc[: len(acc) // 50 * 50].reshape(-1, 50, 3).std(axis=1).max(axis=1)
        moved.append(np.mean((deviation > 0.004) & (deviation < 0.1)))
        postures.append(np.count_nonzero(find_peaks(deviation, 0.1, distance=5)[0]))
        breaths.append(np.ptp(np.percentile(acc[:2000], (20, 80), axis=0), axis=0).max())
    assert 0.03 < np.mean(moved) < 0.2
    assert all(4 <= count <= 12 for count in postures)
    assert 0.001 < np.median(breaths) < 0.0035  # of a sine 1.6 times its height


def test_heart_rates_vary_within_people_and_between_them(tmp_path: Path) -> None:
    write_sample(tmp_path / "study", 12, study="wrist")
    rates = pd.read_csv(tmp_path / "study" / "heart.csv").groupby("recording").hr_bpm
    assert rates.size().tolist() == [10] * 12
    assert rates.std().median() > 5
    assert rates.mean().std() > 8
    assert rates.min().min() > 40
    assert rates.max().max() < 150


def test_a_rate_drifts_by_as_much_as_it_says() -> None:
    rng = np.random.default_rng(0)
    beats = beat_times(Rhythm(80, breath=0, slow=0, jitter=0, drift_bpm=8), 20_000.0, rng)
    rate = 60 / np.diff(beats.times)
    assert rate.mean() == pytest.approx(80, abs=2)
    assert rate.std() == pytest.approx(8, rel=0.15)
    # Slowly: from one beat to the next less than one in the minute.
    assert np.abs(np.diff(rate)).max() < 1


def test_a_wave_is_as_high_as_its_beat_and_over_within_half_a_second() -> None:
    pulse = draw_pulse(np.random.default_rng(1))
    beats = Heartbeats(4.0, np.array([0.5, 2.0]), np.zeros(2, bool))
    time = np.arange(4000) / 1000
    train = pulse_train(time, beats, pulse, np.array([1.0, 0.5]))
    begin = 0.5 + pulse.transit_s
    assert np.abs(train[time < 1.9]).max() == pytest.approx(1, abs=1e-3)
    assert np.abs(train[time > 1.9]).max() == pytest.approx(0.5, abs=1e-3)
    assert (train[(time < begin) | ((time > begin + 0.5) & (time < 1.9))] == 0).all()
    assert abs(np.abs(train).argmax() / 1000 - begin) < 0.2
    assert np.linalg.norm(pulse.direction) == pytest.approx(1)
    hz = np.fft.rfftfreq(16_384, 1 / 1000)[np.abs(np.fft.rfft(train[:1500], 16_384)).argmax()]
    assert 4 < hz < 10


@pytest.mark.parametrize(("modality", "rate_hz"), [("acc", 50), ("ppg", 64)])
def test_every_file_opens_without_a_flag(made: Path, modality: str, rate_hz: int) -> None:
    found = find_recordings([made], modality=modality)
    assert [source.recording for source in found.sources] == ["P01", "P02", "P03"]
    assert not found.problems
    table = pd.read_csv(made / "recordings.csv").set_index("file")
    for source in found.sources:
        recording = open_recording(source, Reading(modality))
        chunks = list(recording.chunks())
        time, values = read(made, source.recording, modality)
        np.testing.assert_allclose(np.concatenate([chunk.values for chunk in chunks]), values, atol=1e-6)
        told = np.concatenate([chunk.time for chunk in chunks])
        np.testing.assert_allclose(told - told[0], time - time[0], atol=2e-6)
        assert recording.rate_hz == pytest.approx(rate_hz, rel=0.003)
        begin = datetime.fromtimestamp(time[0], UTC)
        assert recording.start is not None
        assert abs((recording.start - begin).total_seconds()) < 2e-6
        stated = datetime.fromisoformat(table.start[source.path.name])
        assert abs((stated - begin).total_seconds()) < 2e-6
        assert not recording.warnings


def test_the_same_seed_is_the_same_bytes_however_many_there_are(made: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "two", 2, study="wrist", minutes=3)
    write_sample(tmp_path / "other", 2, 1, study="wrist", minutes=3)
    for file in sorted((tmp_path / "two").glob("P*")):
        assert (made / file.name).read_bytes() == file.read_bytes()
        assert (tmp_path / "other" / file.name).read_bytes() != file.read_bytes()


def test_the_command(tmp_path: Path) -> None:
    words = ["sample", str(tmp_path / "study"), "--study", "wrist", "--participants", "1", "--json"]
    run = CliRunner().invoke(app, [*words, "--minutes", "2", "--pulse-mg", "0.5", "--step-mg", "0"])
    assert run.exit_code == 0
    document = json.loads(run.stdout)
    told = {"study": "wrist", "recordings": 1, "hours": 0.03, "minutes": 2, "pulse_mg": 0.5, "step_mg": 0}
    assert document.items() >= {**told, "noise_mg": 1}.items()
    readme = (tmp_path / "study" / "README.md").read_text()
    assert "--minutes 2 \\\n        --pulse-mg 0.5 --step-mg 0 --noise-mg 1" in readme
    assert max(map(len, readme.splitlines())) <= 110
    write_sample(tmp_path / "study", 1, overwrite=True)
    assert not (tmp_path / "study" / "heart.csv").exists()
    for options, said in (
        ({"study": "heart", "pulse_mg": 3.0}, "--pulse-mg is of --study wrist"),
        ({"study": "wrist", "noise_mg": -1.0}, "--noise-mg -1"),
        ({"study": "wrist", "minutes": 0.5}, "--minutes 0.5: give 1 or more"),
        ({"study": "wrist", "step_mg": float("nan")}, "--step-mg nan"),
    ):
        with pytest.raises(UsageError, match=said):
            write_sample(tmp_path / "none", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "none").exists()


def test_exercise_leaves_hearts_and_rest_as_they_are(made: Path, tmp_path: Path) -> None:
    """The heart is the same; a bout of two minutes moves, and what is outside of it is untouched."""
    moved = make(tmp_path / "moved", exercise=0.7)
    assert (moved / "heart.csv").read_bytes() == (made / "heart.csv").read_bytes()
    for name in recordings(made):
        _, rest = read(made, name, "acc")
        _, exercise = read(moved, name, "acc")
        active = np.abs(exercise - rest).max(axis=1) > 1e-6
        size = np.linalg.norm(exercise, axis=1).std(), np.linalg.norm(rest, axis=1).std()
        assert 0.2 < active.mean() < 0.8
        assert size[0] > 3 * size[1]
