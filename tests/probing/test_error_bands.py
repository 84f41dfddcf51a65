"""Bands of errors whose distribution is known."""

import numpy as np
import pytest

from wearcli.probing.error_bands import error_band, half_width, mean_half_width


def simulated(
    people: int, each: int, between: float, within: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(people), each)
    return between * rng.normal(size=people)[owner] + within * rng.normal(size=len(owner)), owner


@pytest.mark.parametrize(("between", "within"), [(2.0, 1.0), (0.0, 1.0), (1.0, 0.2)])
def test_a_band_of_normal_errors_is_theirs(between: float, within: float) -> None:
    errors, owner = simulated(600, 12, between, within, 0)
    band = error_band(errors, owner, owner % 5)
    assert band["sd_between"] == pytest.approx(between, rel=0.08, abs=0.08)
    assert band["sd_within"] == pytest.approx(within, rel=0.04)
    assert band["half_width"] == pytest.approx(1.96 * np.hypot(between, within), rel=0.06)
    assert band["coverage"] == pytest.approx(0.95, abs=0.012)


@pytest.mark.parametrize("samples", [2, 10, 100])
def test_the_band_of_a_mean_covers_the_means_of_new_people(samples: int) -> None:
    errors, owner = simulated(400, 20, 1.0, 2.0, 1)
    band = error_band(errors, owner, owner % 5)
    new, people = simulated(4000, samples, 1.0, 2.0, 2)
    means = np.bincount(people, weights=new) / samples
    inside = np.abs(means) <= mean_half_width(band, samples)
    assert inside.mean() == pytest.approx(0.95, abs=0.02)
    assert mean_half_width(band, 1) == pytest.approx(band["half_width"])
    assert mean_half_width(band, 10**9) > 0.9  # the person's own error never goes away


def test_one_person_of_many_samples_weighs_as_one() -> None:
    owner = np.concatenate([np.zeros(10_000, int), np.arange(1, 40)])
    errors = np.concatenate([np.full(10_000, 0.01), np.linspace(1, 3, 39)])
    assert half_width(errors, owner) > 2.8


def test_few_people_take_the_largest_error() -> None:
    """With less than 19 people no share of them is 95 % of the one to come: the band is their widest."""
    errors, owner = np.array([1.0, -5.0, 2.0, 0.5]), np.array([0, 0, 1, 2])
    assert half_width(errors, owner) == 5.0
    assert error_band(errors, owner, np.zeros(4, int))["coverage"] is None


def test_errors_of_nothing_have_a_band_of_nothing() -> None:
    band = error_band(np.zeros(6), np.arange(6) // 2, np.arange(6) // 2)
    assert band == {"half_width": 0, "coverage": 1, "sd_between": 0, "sd_within": 0}
    assert mean_half_width(band, 3) == 0
