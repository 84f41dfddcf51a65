import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearcli.recordings.recording import Chunk
from wearcli.signals.clock import Clock


def mend(time: np.ndarray, rate: float, size: int = 10**9) -> tuple[np.ndarray, Clock]:
    clock = Clock(rate)
    values = np.arange(len(time), dtype=np.float32)[:, None]
    parts = [
        clock.mend(Chunk(time[i : i + size], values[i : i + size])).time for i in range(0, len(time), size)
    ]
    return np.concatenate(parts), clock


def test_good_stamps_are_left_as_they_are() -> None:
    time = np.arange(1000) / 100
    mended, clock = mend(time, 100.0, size=77)
    np.testing.assert_array_equal(mended, time)
    assert (clock.dropped, clock.resets, clock.invalid) == (0, 0, 0)


def test_a_duplicate_and_a_small_step_back_are_left_out() -> None:
    time = np.arange(1000) / 100
    time[500] = time[499]
    time[700] = time[690]
    mended, clock = mend(time, 100.0)
    np.testing.assert_array_equal(mended, np.delete(np.arange(1000) / 100, [500, 700]))
    assert clock.dropped == 2


@pytest.mark.parametrize("size", [50, 333, 10**6])
def test_a_clock_set_back_continues_one_sample_later(size: int) -> None:
    time = np.arange(1000) / 100
    reset = np.concatenate((time, time - 3600.0, time + 50.0))  # back by an hour, then forward: a gap
    mended, clock = mend(reset, 100.0, size)
    assert clock.resets == 1
    np.testing.assert_allclose(mended[:2000], np.arange(2000) / 100, atol=1e-9)
    assert mended[2000] - mended[1999] > 3600


def test_whole_second_stamps_are_spread_at_the_sample_rate() -> None:
    true = np.arange(6000) / 50
    mended, clock = mend(np.floor(true), 50.0)
    assert clock.dropped == 0
    np.testing.assert_allclose(np.diff(mended), 0.02, atol=2e-3)
    # Nobody can tell when in its second a sample fell, but not more than that second is lost.
    assert np.abs(mended - true).max() < 1.0


def test_bursts_keep_a_real_gap() -> None:
    true = np.arange(6000) / 50
    true[3000:] += 20.0
    bursts = np.floor(true / 0.2) * 0.2
    mended, _ = mend(bursts, 50.0)
    steps = np.diff(mended)
    assert np.count_nonzero(steps > 1.0) == 1
    assert steps.max() == pytest.approx(20.0, abs=0.5)


def test_samples_without_time_or_value_are_left_out() -> None:
    time = np.arange(100) / 10
    values = np.ones((100, 3), np.float32)
    time[7], values[40, 1], values[41, 2] = np.nan, np.nan, np.inf
    clock = Clock(10.0)
    chunk = clock.mend(Chunk(time, values))
    assert len(chunk.time) == 97
    assert clock.invalid == 3
    assert np.isfinite(chunk.values).all()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(-5, 5, allow_nan=False), min_size=1, max_size=200),
    st.integers(1, 60),
)
def test_whatever_comes_times_strictly_increase(steps: list[float], size: int) -> None:
    mended, _ = mend(np.cumsum(steps), 10.0, size)
    assert (np.diff(mended) > 0).all()


@pytest.mark.parametrize("leap", [86_400.0, -500.0])
@pytest.mark.parametrize("count", [1, 40])
def test_stamps_that_leap_away_and_return_are_left_out(leap: float, count: int) -> None:
    time = np.arange(5000) / 50
    wrong = time.copy()
    wrong[2000 : 2000 + count] += leap
    mended, clock = mend(wrong, 50.0)
    np.testing.assert_array_equal(mended, np.delete(time, np.arange(2000, 2000 + count)))
    assert (clock.invalid, clock.resets) == (count, 0)
    assert clock.warnings() == [f"{count} samples without a usable time or value left out"]


def test_a_real_gap_followed_by_a_reset_is_not_a_leap() -> None:
    time = np.arange(20_000) / 50
    time[5000:] += 3600
    time[15_000:] -= 1000
    mended, clock = mend(time, 50.0)
    assert clock.resets == 1
    assert len(mended) == 20_000


@pytest.mark.parametrize("size", [1000, 10**9])
@pytest.mark.parametrize("burst_s", [0.1, 0.5, 1.0])
def test_bursts_go_through_to_windows(burst_s: float, size: int) -> None:
    from tests.signals.make import recording
    from wearcli.signals.cutting import iter_windows
    from wearcli.signals.windows import Findings, WindowSpec

    true = np.arange(6000) / 50
    stamps = np.floor(true / burst_s + 1e-9) * burst_s
    values = np.stack([np.sin(2 * np.pi * true), 0 * true, 0 * true + 1], axis=1)
    findings = Findings()
    parts = list(
        iter_windows(recording(stamps, values, 50, size=size), WindowSpec(50, 5, 5), findings=findings)
    )
    assert sum(map(len, parts)) >= 23
    assert findings.warnings == []
    inner = np.concatenate([part.values for part in parts])[1:-1]
    assert np.abs(inner[..., 0]).max() < 1.05
    # The tone is still one cycle a second.
    spectrum = np.abs(np.fft.rfft(inner[..., 0] - inner[..., 0].mean(axis=1, keepdims=True))).mean(axis=0)
    assert np.fft.rfftfreq(250, 1 / 50)[spectrum.argmax()] == pytest.approx(1.0)
