"""The features of the heart in acceleration, against windows whose beats are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from wearcli.errors import UsageError
from wearcli.modality import FEATURE_SETS, feature_names, feature_set, features
from wearcli.signals.features.ballistic import (
    BPM,
    at_lags,
    autocorrelation,
    harmonics,
    refine,
    track_beats,
    waves,
)
from wearcli.signals.features.heart_in_motion import (
    BALLISTIC_NAMES,
    BEAT_HZ,
    ESTIMATES,
    UNKNOWN_BPM,
    ballistic_features,
)
from wearcli.signals.features.motion import FEATURE_NAMES
from wearcli.signals.features.motion import features as motion_features

AT = {name: i for i, name in enumerate(BALLISTIC_NAMES)}
RATES = ("energy_bpm", "joint_bpm", "likely_bpm", "agreed_bpm", "beats_normal_hr_bpm")


def wrist(
    beats: np.ndarray,
    rate_hz: float = 50.0,
    seconds: float = 60.0,
    pulse_mg: float = 5.0,
    noise_mg: float = 0.5,
    seed: int = 0,
) -> np.ndarray:
    """(samples, 3) g at rest, with a wavelet of 6 Hz at each beat, s: written here, not the package's."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    since = time[:, None] - beats
    wave = (np.exp(-0.5 * (since / 0.07) ** 2) * np.cos(2 * np.pi * 6 * since)).sum(axis=1)
    direction, gravity = np.array([0.6, -0.64, 0.48]), np.array([0.1, 0.2, 0.97])
    noise = noise_mg * rng.standard_normal((len(time), 3))
    return (gravity + 1e-3 * (pulse_mg * wave[:, None] * direction + noise)).astype(np.float32)


def steady(bpm: float, seconds: float = 60.0) -> np.ndarray:
    return np.arange(0.2, seconds, 60 / bpm)


def uneven(bpm: float, deviation_s: float, seed: int = 3) -> np.ndarray:
    steps = 60 / bpm + deviation_s * np.random.default_rng(seed).standard_normal(200)
    times = 0.3 + np.cumsum(steps)
    return times[times < 59.6]


def rmssd_ms(steps: np.ndarray) -> float:
    return float(1e3 * np.sqrt(np.square(np.diff(steps)).mean()))


def told(values: np.ndarray, rate_hz: float = 50.0) -> dict[str, float]:
    return dict(zip(BALLISTIC_NAMES, ballistic_features(values[None], rate_hz)[0].tolist(), strict=True))


def test_names_are_one_each_and_of_a_sensible_number() -> None:
    assert len(set(BALLISTIC_NAMES)) == len(BALLISTIC_NAMES) == 64
    assert not set(BALLISTIC_NAMES) & set(FEATURE_NAMES)


@pytest.mark.parametrize("bpm", [48, 61, 75, 97, 120, 150])
@pytest.mark.parametrize("rate_hz", [32.0, 50.0, 64.0])
def test_a_constant_rate_is_found(bpm: float, rate_hz: float) -> None:
    found = told(wrist(steady(bpm), rate_hz), rate_hz)
    for name in RATES:
        assert found[name] == pytest.approx(bpm, abs=2), name
    assert found["agreement"] > 0.5
    assert found["beats_likeness"] > 0.8


@pytest.mark.parametrize("bpm", [61, 75, 97])
def test_each_way_of_looking_finds_a_strong_pulse(bpm: float) -> None:
    found = told(wrist(steady(bpm), pulse_mg=20, noise_mg=0.2))
    for name in ("energy", "waves", "naive", "rest_energy", "rest_waves", "joint"):
        assert found[f"{name}_bpm"] == pytest.approx(bpm, abs=2), name
    # A lag's autocorrelation comes back after each further interval too.
    assert min(abs(found["energy_lag_bpm"] - bpm / k) for k in (1, 2)) < 2


def test_seconds_of_a_window_do() -> None:
    for seconds in (10.0, 20.0, 30.0):
        values = wrist(steady(72, seconds), seconds=seconds)
        assert told(values)["agreed_bpm"] == pytest.approx(72, abs=2)
    with pytest.raises(UsageError, match="--window"):
        ballistic_features(np.zeros((1, 200, 3), np.float32), 50.0)
    with pytest.raises(UsageError, match="--features motion"):
        ballistic_features(np.zeros((1, 300, 3), np.float32), 5.0)


def test_beats_and_their_variability_are_found() -> None:
    for bpm, deviation in ((66, 0.02), (66, 0.05), (85, 0.04)):
        beats = uneven(bpm, deviation)
        steps = np.diff(beats)
        found = told(wrist(beats))
        assert found["beats_normal_hr_bpm"] == pytest.approx(60 / steps.mean(), abs=1)
        assert found["beats_sdnn_ms"] == pytest.approx(1e3 * steps.std(ddof=1), abs=4)
        assert found["beats_rmssd_ms"] == pytest.approx(
            1e3 * np.sqrt(np.square(np.diff(steps)).mean()), abs=6
        )


def test_tracked_beats_are_moved_to_where_they_are() -> None:
    beats = uneven(70, 0.03)
    of = waves(wrist(beats).T[None] - 0.3, 50.0, BEAT_HZ, 64.0)
    rough = beats + np.random.default_rng(0).uniform(-0.04, 0.04, len(beats))
    fine, alike = refine(of, np.append(rough, np.nan)[None])
    error = fine[0, :-1] - beats
    assert np.abs(error - np.median(error)).max() < 0.006
    assert np.isnan([fine[0, -1], alike[0, -1]]).all()
    assert alike[0, 2:-3].min() > 0.8


def test_the_beats_are_those_of_the_highest_sum() -> None:
    """Every sequence of a short curve tried, one by one."""
    rng = np.random.default_rng(1)
    rate_hz, interval = 8.0, 0.6
    curve = rng.standard_normal((60, 20)).astype(np.float32)
    low, high = max(1, int(60 / BPM[-1] * 0.9 * rate_hz)), int(60 / BPM[0] * 1.1 * rate_hz)
    found = track_beats(curve, rate_hz, np.full(60, interval))
    for row, beats in zip(curve, found, strict=True):
        scaled = row / row.std()
        best: list[tuple[float, list[int]]] = []
        for now in range(20):
            ways = [(float(scaled[now]), [now])]
            for lag in range(low, high + 1):
                if now - lag >= 0:
                    price = 60 * np.log2(lag / (interval * rate_hz)) ** 2
                    before = best[now - lag]
                    if before[0] - price > 0:
                        ways.append((before[0] - price + float(scaled[now]), [*before[1], now]))
            best.append(max(ways))
        last = max(best[20 - round(interval * rate_hz) :])[1]
        assert [int(at) for at in beats if at >= 0] == last


@pytest.mark.parametrize("complex_", [False, True])
def test_autocorrelation_is_what_a_loop_gives(complex_: bool) -> None:
    rng = np.random.default_rng(0)
    rate_hz, samples = 16.0, 200
    curve = rng.standard_normal((2, 3, samples) if complex_ else (2, samples))
    if complex_:
        curve = curve + 1j * rng.standard_normal(curve.shape)
    found = autocorrelation(curve, rate_hz, 8.0)
    length = 128
    hann = np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2
    assert found.shape[:2] == (2, 2)  # half overlapping: from 0 and from 72
    for window in range(2):
        for number, start in enumerate((0, 72)):
            part = curve[window][..., start : start + length] * hann
            axes = part if complex_ else part[None]
            for lag in (0, 1, 7, 16, 45):
                total = sum(axis[t] * np.conj(axis[t + lag]) for axis in axes for t in range(length - lag))
                whole = sum(abs(axis[t]) ** 2 for axis in axes for t in range(length))
                expected = abs(total) / whole if complex_ else total / whole
                assert found[window, number, lag] == pytest.approx(expected, abs=1e-5)


def test_a_lag_between_samples_is_on_the_line() -> None:
    curve = np.array([[1.0, 0.5, -0.5, 0.25]])
    np.testing.assert_allclose(
        at_lags(curve, 2.0, np.array([0.0, 0.25, 0.5, 1.25])), [[1, 0.75, 0.5, -0.125]]
    )


def test_harmonics_of_noise_favour_no_rate() -> None:
    curve = np.random.default_rng(0).standard_normal((300, 1920))
    curve[150:] = gaussian_filter1d(curve[150:], 3, axis=1)  # as an energy is smoothed: little above 3 Hz
    score = harmonics(curve, 32.0)[:, 0]
    spread = score.std(axis=0)
    assert spread.max() / spread.min() < 1.8
    # Not the half, not the double: each rate's own share of the winners.
    for part in (score[:150], score[150:]):
        winners = np.histogram(part.argmax(axis=1), 5, (0, len(BPM)))[0]
        assert winners.min() > 5


def test_half_and_double_rates_are_told_apart() -> None:
    time = np.arange(1920) / 32
    for bpm in (50, 80, 140):
        curve = np.exp(-0.5 * (((time * bpm / 60 + 0.5) % 1 - 0.5) * 60 / bpm / 0.08) ** 2)
        assert BPM[harmonics(curve[None], 32.0)[0, 0].argmax()] == pytest.approx(bpm, abs=1)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(0.3, 4.0), st.floats(50, 130))
def test_neither_gain_nor_mounting_moves_the_rate(seed: int, gain: float, bpm: float) -> None:
    values = wrist(steady(bpm), seed=seed)
    turn = Rotation.random(random_state=seed).as_matrix().astype(np.float32)
    plain, louder, turned = ballistic_features(np.stack([values, gain * values, values @ turn.T]), 50.0)
    for name in RATES:
        assert louder[AT[name]] == pytest.approx(plain[AT[name]], abs=1), name
        assert turned[AT[name]] == pytest.approx(plain[AT[name]], abs=1), name
    np.testing.assert_allclose(
        [turned[AT[f"gravity_{axis}"]] for axis in "xyz"], turn @ values.mean(axis=0), atol=1e-4
    )


def test_a_burst_of_movement_does_not_hide_the_pulse() -> None:
    values = wrist(steady(64))
    rng = np.random.default_rng(0)
    burst = 0.05 * rng.standard_normal((400, 3)) * np.hanning(400)[:, None]
    moved = values.copy()
    moved[1000:1400] += burst.astype(np.float32)
    found, before = told(moved), told(values)
    assert found["agreed_bpm"] == pytest.approx(64, abs=1)
    assert found["still_share"] < before["still_share"] - 0.08
    assert found["log_deviation_p95"] > before["log_deviation_p95"] + 0.5


def test_a_flat_window_has_the_usual_rate_and_no_strength() -> None:
    flat = np.zeros((3, 3000, 3), np.float32)
    flat[1] += 0.5
    flat[2] = np.nan
    found = ballistic_features(flat, 50.0)
    assert np.isfinite(found).all()
    for row in found:
        for name in ESTIMATES[:-1]:
            assert (row[AT[f"{name}_bpm"]], row[AT[f"{name}_height"]]) == (UNKNOWN_BPM, 0), name
            assert row[AT[f"{name}_sharpness"]] == 0
        assert row[AT["joint_bpm"]] == pytest.approx(UNKNOWN_BPM, abs=0.1)
        # Of the usual rates, 75 bpm and 30 % about it.
        assert 18 < row[AT["likely_spread_bpm"]] < 30


def test_what_says_little_stays_near_the_usual_rate() -> None:
    noise = np.stack([wrist(np.zeros(0), seed=seed) for seed in range(20)])
    pulse = np.stack([wrist(steady(110), seed=seed) for seed in range(20)])
    unsure, sure = ballistic_features(noise, 50.0), ballistic_features(pulse, 50.0)
    assert np.abs(unsure[:, AT["likely_bpm"]] - UNKNOWN_BPM).mean() < 25
    assert unsure[:, AT["likely_spread_bpm"]].mean() > 3 * sure[:, AT["likely_spread_bpm"]].mean()
    for name in ("joint_sharpness", "agreement", "beats_likeness", "beats_height"):
        assert sure[:, AT[name]].min() > unsure[:, AT[name]].max(), name


def test_power_lies_in_its_band_and_axis() -> None:
    time = np.arange(3000) / 50
    for hz, name in ((0.25, "breath"), (2.0, "slow"), (7.0, "beat"), (15.0, "high")):
        values = np.zeros((3000, 3), np.float32)
        values[:, 1] = 0.01 * np.sin(2 * np.pi * hz * time)
        found = told(values)
        # Half of the square of a sine's height, in the logarithm to 10.
        assert found[f"y_log_power_{name}"] == pytest.approx(np.log10(0.5e-4), abs=0.05)
        others = [
            found[key] for key in BALLISTIC_NAMES if "log_power" in key and key != f"y_log_power_{name}"
        ]
        assert max(others) < -7
        if name == "breath":
            assert found["breath_hz"] == pytest.approx(0.25, abs=0.02)
            assert found["breath_share"] > 0.5


@pytest.mark.parametrize("rate_hz", [8.0, 12.5, 20.0, 25.0, 31.25, 100.0])
def test_any_rate_gives_finite_numbers(rate_hz: float) -> None:
    values = wrist(steady(70), rate_hz)
    found = told(values, rate_hz)
    assert np.isfinite(list(found.values())).all()
    if rate_hz >= 20:
        assert found["agreed_bpm"] == pytest.approx(70, abs=2)
    if rate_hz <= 20:  # its Nyquist frequency is at or below the band
        assert found["high_sharpness"] == 0
        assert found["x_log_power_high"] == -12


def test_windows_do_not_know_of_each_other() -> None:
    values = np.stack([wrist(steady(bpm), seed=bpm) for bpm in (55, 70, 90)])
    values[1, 100] = np.nan
    together = ballistic_features(values, 50.0)
    for row, each in zip(together, values, strict=True):
        np.testing.assert_allclose(row, ballistic_features(each[None], 50.0)[0], rtol=1e-3, atol=1e-3)
    many = ballistic_features(np.repeat(values[:1], 70, axis=0), 50.0)
    np.testing.assert_allclose(many, np.repeat(together[:1], 70, axis=0), rtol=1e-3, atol=1e-3)


def test_the_set_for_the_heart_is_motion_and_more() -> None:
    values = np.stack([wrist(steady(70)), wrist(steady(90))])
    names = feature_names("acc", "heart")
    assert names == (*FEATURE_NAMES, *BALLISTIC_NAMES)
    assert feature_names("acc") == feature_names("acc", "motion") == FEATURE_NAMES
    found = features(values, 50.0, "acc", "heart")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[:, : len(FEATURE_NAMES)], motion_features(values, 50.0))
    np.testing.assert_array_equal(found[:, len(FEATURE_NAMES) :], ballistic_features(values, 50.0))
    for kind in (None, "motion"):
        np.testing.assert_array_equal(features(values, 50.0, "acc", kind), motion_features(values, 50.0))
    assert [feature_set(len(feature_names("acc", kind))) for kind in FEATURE_SETS] == list(FEATURE_SETS)
    assert feature_set(len(feature_names("ppg"))) is None
    with pytest.raises(UsageError, match="--features is a choice of acceleration"):
        features(values, 50.0, "ppg", "motion")
    with pytest.raises(UsageError, match="motion or heart"):
        feature_names("acc", "brain")  # type: ignore[arg-type]
