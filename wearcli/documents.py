"""JSON documents as frozen dataclasses: their fields are the keys, in the order in which they are written."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_origin, get_type_hints

from wearcli.errors import InputError

Document = TypeVar("Document")
_PLAIN = (str, int, float, list, dict)


def parse(kind: type[Document], values: object, name: str, todo: str) -> Document:
    """A dataclass from the keys of a JSON object; keys that it does not have are left out.

    Args:
        kind: The dataclass. A field without a default must be in the document.
        values: The JSON object.
        name: The file, for messages.
        todo: What the user can do about a damaged one, for messages.

    Raises:
        InputError: A key is missing, or its value is of another type.
    """
    if not isinstance(values, Mapping):
        raise InputError(f"{name}: it is not a JSON object: {todo}")
    hints = get_type_hints(kind)
    given: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]
        if field.name in values:
            given[field.name] = _checked(values[field.name], hints[field.name], field.name, name, todo)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise InputError(f"{name}: no {field.name} in it: {todo}")
    return kind(**given)


def _checked(value: object, hint: object, key: str, name: str, todo: str) -> object:
    """The value, if its outermost type is that of the field."""
    wanted = get_origin(hint) or hint
    if wanted not in _PLAIN:  # one of several types, or a dataclass that the caller parses
        return value
    allowed = (int, float) if wanted is float else wanted
    if not isinstance(value, allowed) or isinstance(value, bool):
        raise InputError(f"{name}: {key} is no {wanted.__name__}: {todo}")
    return value
