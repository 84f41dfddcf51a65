"""JSON documents are parsed once, at the door, into frozen dataclasses: what is wrong becomes one line.

`parse` fills a dataclass whose fields are the keys; `Fields` reads key by key where more is to be checked.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from wearcli.conformity import MismatchError, conform, is_finite, shown
from wearcli.errors import InputError

Document = TypeVar("Document")
T = TypeVar("T")


def parse_json(text: str | bytes, name: str, advice: str) -> Any:
    """Return the value of a JSON text.

    Args:
        text: the JSON text, UTF-8 where it is bytes.
        name: the document's name in messages, such as its file.
        advice: what to do about a damaged document; the end of the message.

    Raises:
        InputError: the text is no JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: not valid JSON ({error}): {advice}") from None


class Fields:
    """The keys of one JSON object, read with the type that each must have.

    Each method returns the value of a key and raises InputError, one line, where the key is missing or null
    or has another type. `optional` reads a key that may be missing.

    Args:
        document: the JSON value that must be an object.
        name: the document's name in messages, such as its file.
        advice: what to do about a damaged document; the end of each message.

    Raises:
        InputError: `document` is no object.
    """

    def __init__(self, document: object, name: str, advice: str) -> None:
        self.name, self.advice = name, advice
        if not isinstance(document, dict):
            raise self.error("it is not a JSON object")
        self._document: dict[str, Any] = document

    def error(self, problem: str) -> InputError:
        """Return the one-line error for a problem of this document."""
        return InputError(f"{self.name}: {problem}: {self.advice}")

    def optional(self, read: Callable[[str], T], key: str) -> T | None:
        """Return what a method of this object reads, such as `text`; None where the key is missing."""
        return None if self._document.get(key) is None else read(key)

    def text(self, key: str) -> str:
        """Return a text."""
        value: str = self._checked(key, "a text", lambda value: isinstance(value, str))
        return value

    def number(self, key: str) -> float:
        """Return a finite number above 0."""
        value: float = self._checked(key, "a number above 0", _is_positive)
        return value

    def fraction(self, key: str) -> float:
        """Return a number from 0 to 1."""
        value: float = self._checked(key, "a number from 0 to 1", _is_fraction)
        return value

    def count(self, key: str) -> int:
        """Return a whole number above 0."""
        value: int = self._checked(
            key, "a whole number above 0", lambda value: isinstance(value, int) and _is_positive(value)
        )
        return value

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value: bool = self._checked(key, "true or false", lambda value: isinstance(value, bool))
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(self._checked(key, "a list of texts", lambda value: _is_list(value, str)))

    def table(self, key: str) -> dict[str, Any]:
        """Return an object; an empty one where the key is missing."""
        if self._document.get(key) is None:
            return {}
        value: dict[str, Any] = self._checked(key, "a JSON object", lambda value: isinstance(value, dict))
        return value

    def objects(self, key: str) -> tuple[dict[str, Any], ...]:
        """Return a list of objects."""
        return tuple(self._checked(key, "a list of JSON objects", lambda value: _is_list(value, dict)))

    def inner(self, key: str) -> "Fields":
        """Return the fields of an object within; of an empty one where the key is missing."""
        return Fields(self.table(key), f"{self.name}: {key}", self.advice)

    def without(self, *keys: str) -> dict[str, Any]:
        """Return all keys but these, with their values."""
        return {key: value for key, value in self._document.items() if key not in keys}

    def _checked(self, key: str, kind: str, is_right: Callable[[Any], bool]) -> Any:
        value = self._document.get(key)
        if value is None:
            raise self.error(f"no {key} in it")
        if not is_right(value):
            raise self.error(f"its {key} is {shown(value)}, not {kind}")
        return value


def _is_positive(value: Any) -> bool:
    return is_finite(value) and value > 0


def _is_fraction(value: Any) -> bool:
    return is_finite(value) and 0 <= value <= 1


def _is_list(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


def parse(kind: type[Document], values: object, name: str, todo: str) -> Document:
    """Return a dataclass from the keys of a JSON object; keys that it does not have are left out.

    Args:
        kind: The dataclass. A field without a default must be in the document.
        values: The JSON object.
        name: The file, for messages.
        todo: What the user can do about a damaged one, for messages.

    Raises:
        InputError: A key is missing, or its value is not what its type says, to any depth.
    """
    if not isinstance(values, Mapping):
        raise InputError(f"{name}: it is not a JSON object: {todo}")
    hints = get_type_hints(kind)
    given: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]
        if field.name in values:
            try:
                given[field.name] = conform(values[field.name], hints[field.name], field.name)
            except MismatchError as mismatch:
                raise InputError(f"{name}: its {mismatch}: {todo}") from None
        elif field.default is MISSING and field.default_factory is MISSING:
            raise InputError(f"{name}: no {field.name} in it: {todo}")
    return kind(**given)


def read_json(path: Path, advice: str) -> Any:
    """Return the value of a JSON file; see `parse_json`.

    Raises:
        InputError: the file cannot be read, or is no JSON.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}): {advice}") from None
    return parse_json(text, str(path), advice)


def json_text(document: object) -> str:
    """Return a document as indented JSON, with a line end; it can be written as UTF-8 whatever names hold.

    A half of a surrogate pair, which stands for a byte of a file name that is no UTF-8, is written as an
    escape.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_json(path: Path, document: object) -> None:
    """Write a document as `json_text` gives it."""
    path.write_text(json_text(document), encoding="utf-8")
