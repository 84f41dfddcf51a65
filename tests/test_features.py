from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.features_oracle import loop_features
from wearcli.errors import UsageError
from wearcli.signals.features.motion import FEATURE_NAMES, features

AT = {name: i for i, name in enumerate(FEATURE_NAMES)}


def walk(n: int, samples: int, rate_hz: float, seed: int = 0) -> np.ndarray:
    """(n, samples, 3) g: steps, an arm swing at half their rate, a posture and noise, all random."""
    rng = np.random.default_rng(seed)
    time = np.arange(samples) / rate_hz
    stride_s = rng.uniform(0.8, 1.4, (n, 1))
    cycle = 2 * np.pi * (time / stride_s + rng.random((n, 1)))
    values = rng.normal(0, 0.05, (n, samples, 3)) + rng.normal(0, 0.6, (n, 1, 3))
    values[:, :, 0] += rng.uniform(0.1, 0.5, (n, 1)) * np.cos(2 * cycle)
    values[:, :, 1] += rng.uniform(0.1, 0.5, (n, 1)) * np.cos(cycle + 1)
    values[:, :, 2] += rng.uniform(0.0, 0.2, (n, 1)) * np.cos(4 * cycle + 2)
    return values.astype(np.float32)


@pytest.mark.parametrize(
    ("samples", "rate_hz"), [(250, 50.0), (256, 100.0), (96, 32.0), (301, 50.0), (1000, 100.0), (250, 25.0)]
)
def test_equal_to_the_plain_loop(samples: int, rate_hz: float) -> None:
    values = walk(12, samples, rate_hz)
    found, expected = features(values, rate_hz), loop_features(values, rate_hz)
    for name, column in AT.items():
        np.testing.assert_allclose(
            found[:, column], expected[:, column], rtol=2e-3, atol=2e-3, err_msg=f"{name} at {rate_hz} Hz"
        )


def test_more_windows_than_a_chunk_are_each_their_own() -> None:
    values = walk(600, 64, 25.0)
    one_by_one = np.concatenate([features(window[None], 25.0) for window in values])
    np.testing.assert_allclose(features(values, 25.0), one_by_one, rtol=1e-4, atol=1e-4)


def test_names_are_unique_and_count_the_columns() -> None:
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES)
    found = features(np.zeros((0, 250, 3), np.float32), 50.0)
    assert found.shape == (0, len(FEATURE_NAMES))
    assert found.dtype == np.float32


@pytest.mark.parametrize("samples", [250, 256, 500])
def test_a_two_hertz_tone(samples: int) -> None:
    rate_hz = 50.0
    values = np.zeros((1, samples, 3), np.float32)
    values[0, :, 2] = 1 + 0.3 * np.sin(2 * np.pi * 2 * np.arange(samples) / rate_hz + 0.4)
    found = dict(zip(FEATURE_NAMES, features(values, rate_hz)[0], strict=True))
    assert found["z_dominant_hz"] == pytest.approx(2.0, abs=0.01)
    assert found["z_centroid_hz"] == pytest.approx(2.0, abs=0.01)
    assert found["step_s"] == pytest.approx(0.5, abs=0.005)
    assert found["stride_s"] == pytest.approx(1.0, abs=0.01)
    assert found["step_magnitude"] == pytest.approx(1.0, abs=0.02)
    assert found["z_deviation"] == pytest.approx(0.3 / np.sqrt(2), rel=0.01)
    assert found["z_crossing_rate_hz"] == pytest.approx(4.0, abs=0.3)
    assert found["z_jerk_deviation"] == pytest.approx(0.3 * 2 * np.pi * 2 / np.sqrt(2), rel=0.02)
    # All of the power, 0.3^2 / 2, lies in the bands on both sides of 2 Hz.
    power = 10 ** found["z_log_power_1_2_hz"] + 10 ** found["z_log_power_2_3_hz"]
    assert power == pytest.approx(0.045, rel=0.02)
    assert found["x_deviation"] == found["x_dominant_hz"] == found["correlation_xz"] == 0


@pytest.mark.parametrize("stride_s", [0.83, 1.01, 1.137, 1.34])
def test_stride_of_an_arm_that_swings_every_second_step(stride_s: float) -> None:
    """A step brings back the magnitude alone: the stride is told from it, between the samples."""
    time = np.arange(250) / 50
    values = np.zeros((1, 250, 3), np.float32)
    values[0, :, 0] = 1 + 0.2 * np.cos(4 * np.pi * time / stride_s)
    values[0, :, 1] = 0.2 * np.cos(2 * np.pi * time / stride_s)
    found = features(values, 50.0)[0]
    assert found[AT["stride_s"]] == pytest.approx(stride_s, rel=0.01)
    assert found[AT["step_s"]] == pytest.approx(stride_s / 2, rel=0.02)
    assert found[AT["half_stride_vector"]] < found[AT["stride_vector"]] - 0.3


def test_white_noise_has_a_flat_spectrum_and_a_tone_has_not() -> None:
    noise = np.random.default_rng(0).normal(size=(50, 512, 3)).astype(np.float32)
    entropy = AT["x_spectral_entropy"]
    assert features(noise, 50.0)[:, entropy].min() > 0.8
    assert features(walk(50, 512, 50.0), 50.0)[:, entropy].max() < 0.8


@pytest.mark.parametrize("level", [0.0, 1.0, -0.97, 9.81, 15.99])
@pytest.mark.parametrize(("samples", "rate_hz"), [(8, 100.0), (9, 1.0), (25, 50.0), (250, 50.0), (960, 32.0)])
def test_a_constant_window(level: float, samples: int, rate_hz: float) -> None:
    found = dict(
        zip(FEATURE_NAMES, features(np.full((1, samples, 3), level, np.float32), rate_hz)[0], strict=True)
    )
    assert np.isfinite(list(found.values())).all()
    assert [found["x_mean"], found["x_maximum"]] == pytest.approx([level, level], abs=1e-5)
    for name in ("x_skew", "x_kurtosis", "x_crossing_rate_hz", "correlation_xy", "magnitude_dominant_hz"):
        assert found[name] == 0
    assert found["x_log_power_1_2_hz"] == pytest.approx(-8, abs=0.01)


def test_values_that_are_missing_count_as_the_mean() -> None:
    values = walk(3, 250, 50.0)
    values[0, 40:60] = np.nan
    values[1, 7, 1] = np.inf
    values[2] = np.nan
    found = features(values, 50.0)
    assert np.isfinite(found).all()
    assert found[0, AT["y_mean"]] == pytest.approx(np.nanmean(values[0, :, 1]), abs=1e-5)
    assert found[2, AT["magnitude_maximum"]] == 0
    assert np.isnan(values[0, 40]).all()  # the caller's array stays as it was


@pytest.mark.parametrize("shape", [(2, 250, 1), (2, 250, 6), (2, 7, 3)])
def test_what_is_not_acceleration_is_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(UsageError):
        features(np.zeros(shape, np.float32), 50.0)


@pytest.mark.realdata
def test_strides_of_real_walks(realdata: Path) -> None:
    """The lower back of 11 people, against foot contacts checked by hand, in windows that lie in a walk."""
    table = pq.read_table(realdata / "data" / "ipol_gait.parquet", filters=[("placement", "=", "lower_back")])
    truth = pd.read_csv(realdata / "data" / "ipol_gait.gait.csv").groupby("recording")
    errors = []
    for row in table.to_pylist():
        (signal,) = (one for one in row["signals"] if one["kind"] == "acc")
        values = np.reshape(signal["values"], (3, -1)).T * signal["scale"]
        for walk in truth.get_group(row["recording"]).itertuples():
            middle = int((walk.onset + walk.duration / 2 - 2.5) * 100)
            found = features(values[None, middle : middle + 500].astype(np.float32), 100.0)[0, AT["stride_s"]]
            errors.append(abs(found / walk.stride_time_s - 1))
    assert len(errors) >= 80
    assert np.mean(np.array(errors) < 0.05) > 0.93
    assert np.median(errors) < 0.015


LEVELS = ("mean", "minimum", "p10", "p25", "median", "p75", "p90", "maximum")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.tuples(*[st.floats(-2, 2)] * 3))
def test_a_constant_added_shifts_the_levels_of_its_axis_alone(
    seed: int, offset: tuple[float, float, float]
) -> None:
    values = walk(1, 250, 50.0, seed)
    before = dict(zip(FEATURE_NAMES, features(values, 50.0)[0], strict=True))
    after = dict(zip(FEATURE_NAMES, features(values + np.float32(offset), 50.0)[0], strict=True))
    for axis, shift in zip("xyz", offset, strict=True):
        for name in (n for n in FEATURE_NAMES if n.startswith(f"{axis}_")):
            moved = shift if name[2:] in LEVELS else 0.0
            tolerance = 0.6 if name.endswith("crossing_rate_hz") else 5e-3
            assert after[name] == pytest.approx(before[name] + moved, abs=tolerance), name


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 5))
def test_a_scale_multiplies_what_has_a_unit_and_nothing_else(seed: int, scale: float) -> None:
    values = walk(1, 250, 50.0, seed)
    before, after = features(values, 50.0)[0], features(values * np.float32(scale), 50.0)[0]
    for name, column in AT.items():
        if name.endswith(LEVELS) or "deviation" in name or "mean_abs" in name:
            expected = before[column] * scale
        elif "log_power" in name:
            expected = np.log10((10.0 ** before[column] - 1e-8) * scale**2 + 1e-8)
        else:
            expected = before[column]
        assert after[column] == pytest.approx(expected, rel=5e-3, abs=5e-3), name


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.permutations([0, 1, 2]))
def test_the_order_of_the_axes_leaves_the_magnitude_and_the_stride(seed: int, order: list[int]) -> None:
    values = walk(1, 250, 50.0, seed)
    before, after = features(values, 50.0)[0], features(values[:, :, order], 50.0)[0]
    for name, column in AT.items():
        if name.startswith(("magnitude", "stride", "step", "half")):
            assert after[column] == pytest.approx(before[column], rel=1e-3, abs=1e-3), name
