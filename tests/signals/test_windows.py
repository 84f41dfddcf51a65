import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signals.make import noise, recording
from wearcli.signals.cutting import iter_windows
from wearcli.signals.quality import NonWear, movement
from wearcli.signals.windows import Findings, Windows, WindowSpec


def collect(parts: list[Windows]) -> dict[str, np.ndarray]:
    names = ("index", "onset_s", "values", "missing", "clipped", "wear", "movement_g")
    return {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}


@settings(max_examples=40, deadline=None)
@given(
    seconds=st.floats(1, 60),
    window=st.sampled_from([1.0, 2.56, 5.0]),
    stride=st.sampled_from([0.5, 1.0, 2.56, 7.0]),
    batch=st.integers(1, 9),
    size=st.integers(50, 3000),
)
def test_windows_tile_the_signal_exactly(
    seconds: float, window: float, stride: float, batch: int, size: int
) -> None:
    rate = 100.0
    time, values = noise(seconds, rate)
    values = values.astype(np.float32)
    spec = WindowSpec(rate, window, stride)
    parts = list(iter_windows(recording(time, values, rate, size=size), spec, batch=batch))
    length, step = round(window * rate), round(stride * rate)
    oracle = [values[i : i + length] for i in range(0, len(values) - length + 1, step)]
    assert sum(map(len, parts)) == len(oracle)
    if oracle:
        found = collect(parts)
        np.testing.assert_array_equal(found["values"], np.stack(oracle))
        np.testing.assert_allclose(found["onset_s"], np.arange(len(oracle)) * step / rate)
        np.testing.assert_array_equal(found["index"], np.arange(len(oracle)))


def test_windows_in_gaps_are_dropped_and_the_rest_marked() -> None:
    time, values = noise(100, 100)
    keep = ~((time >= 22.0) & (time < 22.4)) & ~((time >= 41) & (time < 62))
    findings = Findings()
    found = collect(
        list(iter_windows(recording(time[keep], values[keep], 100), WindowSpec(50, 5, 5), findings=findings))
    )
    assert found["onset_s"].tolist() == [0, 5, 10, 15, 20, 25, 30, 35, 65, 70, 75, 80, 85, 90, 95]
    assert found["missing"][4] == pytest.approx(0.08, abs=0.01)
    assert (np.delete(found["missing"], 4) == 0).all()
    assert findings.dropped == 2  # 40-45 s and 60-65 s; those wholly in the gap were never there
    everything = collect(
        list(iter_windows(recording(time[keep], values[keep], 100), WindowSpec(50, 5, 5, max_missing=0.9)))
    )
    assert {40.0, 60.0} <= set(everything["onset_s"].tolist())
    assert np.isfinite(everything["values"]).all()
    assert np.abs(everything["values"]).max() < 2  # held, not extrapolated


def test_an_hour_without_motion_is_not_worn_and_twenty_minutes_are() -> None:
    rate = 20.0
    time, values = noise(4 * 3600, rate)
    values[3600 * 20 : 7200 * 20] = [0.0, 0.6, 0.8]
    values[9000 * 20 : 10200 * 20] = [0.0, 0.6, 0.8]
    found = collect(list(iter_windows(recording(time, values, rate), WindowSpec(rate, 5, 5), batch=100)))
    unworn = found["onset_s"][found["wear"] == 0]
    assert (unworn.min(), unworn.max()) == (3600, 7195)
    assert len(unworn) == 720
    assert ((found["wear"] == 0) | (found["wear"] == 1)).all()


@pytest.mark.parametrize("days", [10, 365 * 50])
def test_days_or_decades_between_two_stretches_cost_nothing(days: int) -> None:
    time, values = noise(60, 50)
    later = np.concatenate((time, time + days * 86_400))
    found = collect(
        list(iter_windows(recording(later, np.concatenate((values, values)), 50), WindowSpec(50, 5, 5)))
    )
    assert len(found["onset_s"]) == 24
    assert found["onset_s"][12] == days * 86_400
    np.testing.assert_allclose(found["values"][:12], found["values"][12:], atol=1e-3)
    assert (found["wear"] == 1).all()


def test_non_wear_agrees_with_a_plain_loop() -> None:
    rng = np.random.default_rng(3)
    still = np.repeat(rng.random(60) < 0.5, rng.integers(20, 400, 60))
    nonwear = NonWear()
    for part in np.array_split(still, 13):
        nonwear.add(part)
    nonwear.finish()
    worn, begin = np.ones(len(still)), None
    for i, cell in enumerate([*still, False]):
        if cell and begin is None:
            begin = i
        if not cell and begin is not None:
            if i - begin >= 180:
                worn[begin:i] = 0
            begin = None
    onsets = np.arange(0, 10 * len(still) - 35, 7.0)
    oracle = [np.repeat(worn, 10)[int(t) : int(t) + 35].mean() for t in onsets]
    np.testing.assert_allclose(nonwear.wear(onsets, onsets + 35), oracle, atol=1e-6)


def test_what_was_mended_is_said() -> None:
    time, values = noise(60, 20)
    time[600:] -= 40
    values[100] = np.nan
    findings = Findings()
    list(iter_windows(recording(time, values, 20), WindowSpec(50, 5, 5), findings=findings))
    text = "; ".join(findings.warnings)
    assert "1 samples without a usable time or value" in text
    assert "1 times the clock was set back" in text
    assert "nothing above 10 Hz" in text
    findings = Findings()
    list(iter_windows(recording(time[:50], values[:50], 20), WindowSpec(20, 5, 5), findings=findings))
    assert findings.warnings == ["no window: shorter than 5 s"]


def test_movement_is_the_mean_amplitude_deviation() -> None:
    values = np.random.default_rng(0).normal(size=(7, 50, 3)).astype(np.float32)
    oracle = []
    for window in values:
        size = [float(np.sqrt(x * x + y * y + z * z)) for x, y, z in window]
        oracle.append(sum(abs(s - sum(size) / len(size)) for s in size) / len(size))
    np.testing.assert_allclose(movement(values), oracle, rtol=1e-5)


def test_a_signal_that_is_not_acceleration_has_no_wear() -> None:
    time, values = noise(30, 64)
    found = collect(
        list(iter_windows(recording(time, values[:, :1], 64, modality="ppg"), WindowSpec(64, 5, 5)))
    )
    assert found["values"].shape == (6, 320, 1)
    assert np.isnan(found["wear"]).all()
    assert np.isnan(found["movement_g"]).all()
