"""A JSON value is what its type says, or it is named: against a slow definition by cases."""

import math
from typing import Any, Literal, NotRequired, TypedDict

import pytest

from wearcli.conformity import MismatchError, conform, is_finite, shown


class Figure(TypedDict):
    """What stands in documents."""

    mean: float | None
    folds: NotRequired[list[float | None]]


RIGHT: list[tuple[Any, Any, Any]] = [
    (str, "a", "a"),
    (int, 3, 3),
    (float, 3, 3),
    (float, 0.5, 0.5),
    (bool, False, False),
    (float | None, None, None),
    (list[str], ["a", "b"], ["a", "b"]),
    (tuple[int, ...], [1, 2], (1, 2)),
    (dict[str, list[int]], {"a": [1]}, {"a": [1]}),
    (Literal["a", "b"] | None, "b", "b"),
    (dict[str, Any], {"a": object}, {"a": object}),
    (
        Figure,
        {"mean": None, "folds": [0.5, None], "more": "x"},
        {"mean": None, "folds": [0.5, None], "more": "x"},
    ),
]
WRONG: list[tuple[Any, Any, str]] = [
    (str, 3, "key is 3, not a text"),
    (str, None, "key is None, not a text"),
    (int, True, "key is True, not a whole number"),
    (int, 1.5, "key is 1.5, not a whole number"),
    (float, True, "key is True, not a number"),
    (float, "1", "key is '1', not a number"),
    (float, math.nan, "key is nan, not a number"),
    (float, math.inf, "key is inf, not a number"),
    (float | None, math.inf, "key is inf, not a number"),
    (float, 10**400, "key is a number of many digits, not a number"),
    (bool, 1, "key is 1, not true or false"),
    (list[str], "ab", "key is 'ab', not a list"),
    (list[str], ["a", 1], "key[1] is 1, not a text"),
    (list[float], {"a": 1}, "key is {'a': 1}, not a list"),
    (dict[str, list[int]], {"a": [1, None]}, "key.a[1] is None, not a whole number"),
    (dict[str, Any], [], "key is [], not a JSON object"),
    (Literal["a", "b"], "c", "key is 'c', not 'a' or 'b'"),
    (Literal[1, 2], True, "key is True, not 1 or 2"),
    (Figure, {"folds": []}, "key has no mean"),
    (Figure, {"mean": 1, "folds": [0.5, "x"]}, "key.folds[1] is 'x', not a number"),
    (Figure, [], "key is [], not a JSON object"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), RIGHT, ids=str)
def test_what_fits_is_taken(kind: Any, value: Any, expected: Any) -> None:
    taken = conform(value, kind, "key")
    assert taken == expected
    assert type(taken) is type(expected)


@pytest.mark.parametrize(("kind", "value", "message"), WRONG, ids=str)
def test_what_does_not_fit_is_named(kind: Any, value: Any, message: str) -> None:
    with pytest.raises(MismatchError) as error:
        conform(value, kind, "key")
    assert str(error.value) == message


def test_a_number_that_is_not_defined_is_none_where_none_may_stand() -> None:
    assert conform(math.nan, float | None, "key") is None
    assert conform({"mean": math.nan}, Figure, "key") == {"mean": None}


def test_long_values_are_cut() -> None:
    assert len(shown("x" * 1000)) == 60
    assert shown(10**5000) == "a number of many digits"
    assert is_finite(10**300)
    assert not is_finite(10**400)
