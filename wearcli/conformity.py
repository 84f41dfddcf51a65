"""Whether a JSON value is what a type says: an annotation of a dataclass or of a TypedDict, to any depth."""

import math
from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

_SHOWN = 60  # characters of a wrong value that a message shows
_WORDS = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}
_WORDS |= {list: "a list", tuple: "a list", dict: "a JSON object", Mapping: "a JSON object"}


class MismatchError(Exception):
    """A value is not what its type says; the text tells which, such as `scores.linear is 3, not a list`."""


def conform(value: Any, kind: Any, key: str) -> Any:
    """Return a JSON value as its type has it: lists as tuples where the type is a tuple.

    A number must be finite, as a double precision number; where None may stand, NaN is None. A type that JSON
    does not have, such as another dataclass, is taken as it is.

    Args:
        value: The JSON value.
        kind: The type.
        key: The name of the value, for the message.

    Raises:
        MismatchError: The value is of another type.
    """
    origin = get_origin(kind) or kind
    if origin in (Union, UnionType):
        return _union(value, get_args(kind), key)
    if origin is Literal:
        if not any(type(value) is type(choice) and value == choice for choice in get_args(kind)):
            raise _mismatch(value, key, " or ".join(map(repr, get_args(kind))))
        return value
    if is_typeddict(kind):
        return _keys(value, kind, key)
    if origin in (list, tuple, Sequence):
        return _items(value, kind, origin, key)
    if origin in (dict, Mapping):
        if not isinstance(value, dict):
            raise _mismatch(value, key, _WORDS[dict])
        inner = (*get_args(kind), Any, Any)[1]
        return {name: conform(item, inner, f"{key}.{name}") for name, item in value.items()}
    if origin in (int, float):
        return _number(value, origin, key)
    if origin in (str, bool) and not isinstance(value, origin):
        raise _mismatch(value, key, _WORDS[origin])
    return value


def shown(value: object) -> str:
    """Return a value for a message, cut where it is long."""
    if isinstance(value, int) and abs(value) > 10**_SHOWN:
        return "a number of many digits"  # which Python writes slowly, or refuses to
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def is_finite(value: object) -> bool:
    """Whether a value is a number, and not one beyond what double precision holds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _union(value: Any, kinds: tuple[Any, ...], key: str) -> Any:
    if NoneType in kinds and (
        value is None or (float in kinds and isinstance(value, float) and value != value)
    ):
        return None
    error = None
    for kind in kinds:
        if kind is NoneType:
            continue
        try:
            return conform(value, kind, key)
        except MismatchError as mismatch:
            error = error or mismatch
    raise error or _mismatch(value, key, "null")


def _items(value: Any, kind: Any, origin: Any, key: str) -> Any:
    if not isinstance(value, list | tuple):
        raise _mismatch(value, key, _WORDS[list])
    inner = (*get_args(kind), Any)[0]
    items = [conform(item, inner, f"{key}[{number}]") for number, item in enumerate(value)]
    return tuple(items) if origin is tuple else items


def _keys(value: Any, kind: Any, key: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _mismatch(value, key, _WORDS[dict])
    if absent := sorted(kind.__required_keys__ - set(value)):
        raise MismatchError(f"{key} has no {absent[0]}")
    hints = get_type_hints(kind)  # NotRequired is taken off
    return {
        name: conform(item, hints[name], f"{key}.{name}") if name in hints else item
        for name, item in value.items()
    }


def _number(value: Any, kind: type, key: str) -> Any:
    if not is_finite(value) or (kind is int and not isinstance(value, int)):
        raise _mismatch(value, key, _WORDS[kind])
    return value


def _mismatch(value: object, key: str, words: str) -> MismatchError:
    return MismatchError(f"{key} is {shown(value)}, not {words}")
