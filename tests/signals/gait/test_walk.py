"""A walk between two rests: its ends and the number of its strides."""

import numpy as np
import pytest

from tests.signals.gait.make import RATE_HZ, standing, trunk
from wearcli.signals.gait.walk import measure_walk
from wearcli.signals.gait.walking import on_leg, steady, walking_at_leg


@pytest.mark.parametrize(("stride", "seconds"), [(1.0, 20.0), (1.2, 60.0), (1.4, 61.6)])
def test_strides_between_rests(stride: float, seconds: float) -> None:
    """Within 2 % of a walk of a minute, or one stride of a short one, though its ends are given wrongly."""
    size = (stride / 0.8) ** (1 / -0.233)
    values = np.concatenate([standing(8.0), trunk(stride, seconds, size), standing(8.0)])
    walk = measure_walk(values, RATE_HZ, 6.5, 8 + seconds + 2.0, trunk=True)
    assert walk.strides == pytest.approx(seconds / stride, abs=max(1.0, 0.02 * seconds / stride))
    assert walk.begin_s == pytest.approx(8, abs=stride / 2)
    assert walk.end_s == pytest.approx(8 + seconds, abs=stride / 2)
    assert walk.stride_time_s == pytest.approx(stride, rel=0.01)
    assert walk.step_symmetry == pytest.approx(1, abs=0.05)
    assert np.isnan(walk.walking_speed_mps)


def test_ends_that_are_given_stay() -> None:
    values = trunk(1.1, 20.0)
    walk = measure_walk(values, RATE_HZ, 3.0, 14.0, exact=True, speed=True)
    assert (walk.begin_s, walk.end_s) == (3, 14)
    assert walk.strides == pytest.approx(10, abs=0.1)
    assert np.isnan(walk.step_regularity)
    assert 0.5 < walk.walking_speed_mps < 2


def test_faster_walks_shake_more() -> None:
    speeds = [
        measure_walk(trunk(1.1, 15.0, size), RATE_HZ, 0.0, 15.0, speed=True).walking_speed_mps
        for size in (0.1, 0.2, 0.4)
    ]
    assert speeds[0] < speeds[1] < speeds[2]


def test_stillness_is_no_walk() -> None:
    walk = measure_walk(np.tile(np.array([0, 0, 1.0]), (900, 1)), RATE_HZ, 2.0, 12.0, trunk=True, speed=True)
    assert np.isnan([walk.strides, walk.stride_time_s, walk.step_symmetry, walk.walking_speed_mps]).all()
    assert np.isnan(measure_walk(np.zeros((0, 3)), RATE_HZ, 0.0, 10.0).strides)


def test_legs() -> None:
    assert on_leg("left_ankle")
    assert on_leg("Thigh")
    assert not on_leg("wrist")
    assert not on_leg(None)
    walk, run, rest = trunk(1.1, 5.0, 0.5), trunk(0.7, 5.0, 1.0), standing(5.0)
    assert walking_at_leg(np.stack([walk, run, rest]), RATE_HZ).tolist() == [True, False, False]


def test_steady_windows_have_a_neighbour_alike() -> None:
    strides = np.array([1.0, 1.05, 0.6, 1.3, np.nan, 1.0, 1.0])
    onset = np.array([0, 2.5, 5, 7.5, 10, 12.5, 30])
    assert steady(strides, onset, 5.0).tolist() == [True, True, False, False, False, False, False]
