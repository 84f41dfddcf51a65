"""A JSON document is read by type, and what is wrong with it is one line."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from wearcli.documents import Fields, parse_json
from wearcli.errors import InputError

RIGHT: dict[str, list[Any]] = {
    "text": ["", "a", "1"],
    "number": [1, 0.5, 250],
    "fraction": [0, 1, 0.5],
    "count": [1, 250],
    "flag": [True, False],
    "texts": [[], ["a", "b"]],
    "objects": [[], [{"a": 1}]],
    "table": [{}, {"a": 1}],
}
VALUES: list[Any] = [
    *("", "a", "1", 0, 1, -1, 0.5, 250, math.nan, math.inf, True, False),
    *([], ["a", "b"], [1], [{"a": 1}], {}, {"a": 1}),
]


def method(fields: Fields, kind: str) -> Callable[[str], Any]:
    read: Callable[[str], Any] = getattr(fields, kind)
    return read


@pytest.mark.parametrize("kind", RIGHT)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_each_method_takes_its_own_type_alone(kind: str, value: Any) -> None:
    fields = Fields({"key": value}, "file.json", "write it again")
    if any(type(value) is type(right) and value == right for right in RIGHT[kind]):
        read = method(fields, kind)("key")
        assert (list(read) if isinstance(read, tuple) else read) == value
        return
    with pytest.raises(InputError, match=r"^file\.json: its key is .*, not a?") as error:
        method(fields, kind)("key")
    assert str(error.value).endswith(": write it again")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", sorted(set(RIGHT) - {"table"}))
def test_a_key_may_be_missing_where_it_is_optional(kind: str) -> None:
    fields = Fields({"key": None}, "file.json", "write it again")
    read = method(fields, kind)
    assert fields.optional(read, "key") is fields.optional(read, "other") is None
    with pytest.raises(InputError, match=r"^file\.json: no key in it: write it again$"):
        read("key")


def test_inner_objects_are_named() -> None:
    fields = Fields({"model": {"name": 1}, "more": "x"}, "file.json", "write it again")
    with pytest.raises(InputError, match=r"^file\.json: model: its name is 1, not a text: write it again$"):
        fields.inner("model").text("name")
    with pytest.raises(InputError, match="its more is 'x', not a JSON object"):
        fields.inner("more")
    assert fields.inner("absent").without() == {}
    assert fields.without("model") == {"more": "x"}


@pytest.mark.parametrize("document", [[], "text", 3, None])
def test_another_value_is_no_object(document: Any) -> None:
    with pytest.raises(InputError, match=r"^file\.json: it is not a JSON object: write it again$"):
        Fields(document, "file.json", "write it again")


@pytest.mark.parametrize("text", ["{", b"\xff{}", "[" * 100_000, ""])
def test_no_json_is_one_line(text: str | bytes) -> None:
    with pytest.raises(InputError, match=r"^file\.json: not valid JSON \(.*\): write it again$") as error:
        parse_json(text, "file.json", "write it again")
    assert "\n" not in str(error.value)


def test_long_values_are_cut_in_messages() -> None:
    fields = Fields({"key": ["x" * 50] * 50}, "file.json", "write it again")
    with pytest.raises(InputError) as error:
        fields.text("key")
    assert len(str(error.value)) < 150


def test_json_values_come_through() -> None:
    assert parse_json(json.dumps({"a": [1, "é"]}), "n", "advice") == {"a": [1, "é"]}
