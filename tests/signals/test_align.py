"""Windows at whole strides of the clock: what two sensors saw at one time lies together."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.signals.make import recording
from wearcli.errors import UsageError
from wearcli.signals.cutting import iter_windows
from wearcli.signals.preprocess import preprocess
from wearcli.signals.store import WindowStore
from wearcli.signals.windows import WindowSpec

BEGIN = datetime(2025, 3, 1, 9, 59, 57, tzinfo=UTC)


def seen(start_s: float, rate_hz: float, grid_hz: float, align: float | None, clock: bool = True) -> dict:
    """The first number of each window by its time, of a sensor that measures seconds after `BEGIN`."""
    time = np.arange(round(60 * rate_hz)) / rate_hz
    values = np.repeat((start_s + time)[:, None], 3, axis=1)
    of = recording(time, values, rate_hz)
    of.start = BEGIN + timedelta(seconds=start_s) if clock else None
    spec = WindowSpec(grid_hz, 8.0, 4.0, align=align)
    found = {}
    for windows in iter_windows(of, spec, batch=3):
        for onset, first in zip(windows.onset_s, windows.values[:, 0, 0], strict=True):
            found[round((start_s if clock else 0) + float(onset), 3)] = float(first)
    return found


@examples(max_examples=30, deadline=None)
@given(
    starts=st.tuples(st.floats(0, 20), st.floats(0, 20)),
    rates=st.tuples(st.sampled_from([32.0, 50.0, 64.0]), st.sampled_from([64.0, 100.0, 128.0])),
)
def test_two_sensors_started_apart_give_windows_of_one_time(starts, rates) -> None:
    first, second = (seen(s, r, r, 0.0) for s, r in zip(starts, rates, strict=True))
    slack = sum(0.5 / r for r in rates) + 2e-3
    assert abs(len(first) - len(second)) <= 5  # of 20 s that one began before the other
    common = range(int(max(starts)) + 4, int(min(starts)) + 50)
    for times, rate in ((first, rates[0]), (second, rates[1])):
        for at, value in times.items():
            assert value == pytest.approx(at, abs=2e-3)  # what is there is what was measured then
            clock = (at - 3) % 4  # `BEGIN` lies 3 s before a whole stride
            assert min(clock, 4 - clock) <= 0.5 / rate + 2e-3
        for whole in (s for s in common if (s - 3) % 4 == 0):
            assert any(abs(at - whole) <= slack for at in times)


def test_a_start_on_a_stride_loses_nothing_and_an_offset_moves_the_clock() -> None:
    assert min(seen(3.0, 50, 50, 0.0)) == 3.0
    assert min(seen(3.0, 50, 50, None)) == 3.0
    assert min(seen(3.5, 50, 50, None)) == 3.5
    assert min(seen(3.5, 50, 50, 0.0)) == 7.0
    # A clock that is 1.5 s behind: what it calls 10:00:02.5 is 10:00:04.
    assert min(seen(3.5, 50, 50, 1.5)) == 5.5
    assert min(seen(0, 50, 50, 0.0, clock=False)) == 0.0
    assert min(seen(0, 50, 50, 1.5, clock=False)) == 2.5


def test_batches_and_gaps_do_not_move_windows() -> None:
    time = np.arange(6000) / 50
    values = np.repeat(time[:, None], 3, axis=1)
    keep = (time < 0.8) | ((time > 31) & (time < 33)) | (time > 70)
    of = recording(time[keep], values[keep], 50.0)
    of.start = BEGIN
    windows = list(iter_windows(of, WindowSpec(50, 8.0, 4.0, align=0.0), batch=2))
    onsets = np.concatenate([w.onset_s for w in windows])
    assert onsets.tolist() == [71.0 + 4 * k for k in range(11)]
    np.testing.assert_allclose(np.concatenate([w.values[:, 0, 0] for w in windows]), onsets, atol=2e-3)


def test_a_store_says_how_its_clock_was_set(tmp_path) -> None:
    rows = "".join(f"{1740823197.3 + k / 50:.3f},0,0,{1 + 0.01 * (k % 7)}\n" for k in range(3000))
    (tmp_path / "P01.csv").write_text("time,x,y,z\n" + rows)
    preprocess([tmp_path / "P01.csv"], tmp_path / "s", window_s=20, stride_s=10, align=0.25)
    store = WindowStore.open(tmp_path / "s")
    assert store.settings.align == 0.25
    seconds = store.index["start"].dt.second + store.index["start"].dt.microsecond / 1e6
    late = (seconds + 0.25) % 10
    assert (np.minimum(late, 10 - late) <= 0.011).all()
    preprocess([tmp_path / "P01.csv"], tmp_path / "t", window_s=20)
    assert WindowStore.open(tmp_path / "t").settings.align is None
    with pytest.raises(UsageError):
        preprocess([tmp_path / "none.csv"], tmp_path / "u", align=0.0)
