"""Messages are one line, whatever a file's name or content brings into them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearcli.errors import InputError, UsageError, blamed_on, printable, unreadable


@given(st.text(st.characters()))
def test_any_text_is_one_printable_line(text: str) -> None:
    assert printable(text).isprintable()
    assert str(InputError(f"a: {text}: b")).isprintable()
    assert text.isprintable() == (printable(text) == text)


def test_escapes_are_those_that_people_write() -> None:
    assert printable("a\nb\x1b[1m\udcff\u202ec") == r"a\nb\x1b[1m\udcff\u202ec"


@pytest.mark.parametrize(
    "error", [ValueError(), KeyError("x"), RecursionError("deep\nmore"), AssertionError()]
)
def test_no_message_is_an_exceptions_name_alone(error: Exception) -> None:
    line = str(unreadable(Path("a\nb.csv"), error))
    assert line.startswith("a\\nb.csv: cannot be read (")
    assert line.endswith("): is the file whole?")
    assert type(error).__name__ not in line


def test_what_is_blamed_on_a_file_and_what_is_not() -> None:
    class Panic(BaseException):
        pass

    for error in (Panic("x"), OSError(5, "I/O error"), MemoryError()):
        with pytest.raises(InputError, match="a: cannot be read"), blamed_on(Path("a")):
            raise error
    for passing in (UsageError("u"), KeyboardInterrupt(), SystemExit(2), GeneratorExit()):
        with pytest.raises(type(passing)), blamed_on(Path("a")):
            raise passing
