"""Numbers and names as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearcli.reporting.wording import count, listed, number, percent, plain, slug, with_interval


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.8594, "0.859"),
        (-0.0312, "-0.031"),
        (12.34, "12.3"),
        (1080.4, "1,080"),
        (1.0, "1.00"),
        (0.99996, "1.00"),
        (0.0, "0.000"),
        (-0.00042, "-0.0004"),
        (1e-17, "0.000"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_numbers(value: float | None, said: str) -> None:
    assert number(value) == said


@given(st.floats(-1e6, 1e6).filter(lambda value: abs(value) > 1e-6))
def test_a_number_is_near_what_it_stands_for_and_on_its_side_of_zero(value: float) -> None:
    shown = float(number(value).replace(",", ""))
    assert shown * value > 0
    assert shown == pytest.approx(value, rel=0.35, abs=5e-4)
    assert shown == pytest.approx(value, rel=0.006) or abs(value) < 0.1


def test_words() -> None:
    assert with_interval({"mean": 0.5, "low": None, "high": None}) == "0.500"
    assert with_interval({"mean": 0.5, "low": 0.25, "high": 1.5}) == "0.500 [0.250, 1.50]"
    assert with_interval({"mean": None, "low": None, "high": None}) == "–"
    assert [percent(each) for each in (0.853, 0.0421, 0.0001, 0.0, 1.0)] == [
        "85 %",
        "4.2 %",
        "< 0.1 %",
        "0 %",
        "100 %",
    ]
    assert [count(1, "class", "classes"), count(2, "class", "classes")] == ["1 class", "2 classes"]
    assert count(12345, "sample") == "12,345 samples"
    assert [listed(["a"]), listed(["a", "b", "c"])] == ["a", "a, b and c"]
    assert [plain("walking_speed_mps"), plain("stance_pct"), plain("age")] == [
        "walking speed (m/s)",
        "stance (%)",
        "age",
    ]
    assert [slug("../Ä b/c"), slug("//")] == ["b_c", "x"]
