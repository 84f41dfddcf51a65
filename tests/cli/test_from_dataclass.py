"""Options of a command from a dataclass: flags, types, choices, help."""

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
import typer
from typer.testing import CliRunner

from wearcli.cli.from_dataclass import given_options, option_parameters, takes_options
from wearcli.options import option, option_fields


@dataclass(frozen=True)
class Options:
    """Options of each kind."""

    speed: float = field(default=2.5, metadata=option("Speed, m/s."))
    count: int | None = field(default=None, metadata=option("Number of things.", default_text="all"))
    kind: Literal["a", "b"] = field(default="b", metadata=option("Kind of thing."))
    quick: bool = field(default=False, metadata=option("Be quick."))
    whole: bool = field(default=True, metadata=option("Take all.", off_switch=True))
    names: tuple[str, ...] = field(default=(), metadata=option("Names.", metavar="NAME"))
    hidden: int = 3


@pytest.fixture
def app():
    given: dict[str, Any] = {}
    application = typer.Typer()

    @application.command()
    @takes_options(lambda: option_parameters(option_fields(Options), "Things"))
    def command(context: typer.Context, file: str, *, force: bool = False, **options: Any) -> None:
        given.update(file=file, force=force, **given_options(options))

    return application, given


def test_options_reach_the_command_as_the_dataclass_has_them(app):
    application, given = app
    words = [
        "f",
        "--speed",
        "3",
        "--count",
        "4",
        "--kind",
        "a",
        "--quick",
        "--no-whole",
        "--names",
        "x",
        "--names",
        "y",
        "--force",
    ]
    result = CliRunner().invoke(application, words)
    assert result.exit_code == 0, result.output
    assert given == {
        **{"file": "f", "force": True, "speed": 3.0, "count": 4, "kind": "a", "quick": True},
        **{"whole": False, "names": ("x", "y")},
    }
    made = Options(**{name: given[name] for name in ("speed", "count", "kind", "quick", "whole", "names")})
    assert (made.names, made.whole) == (("x", "y"), False)


def test_what_is_not_given_is_left_out(app):
    application, given = app
    assert CliRunner().invoke(application, ["f"]).exit_code == 0
    assert given == {"file": "f", "force": False}


def test_wrong_values_are_refused(app):
    application, _ = app
    for words in (["f", "--kind", "c"], ["f", "--count", "many"], ["f", "--hidden", "1"]):
        assert CliRunner().invoke(application, words).exit_code == 2


def test_the_help_has_defaults_and_no_more(app):
    application, _ = app
    page = " ".join(CliRunner().invoke(application, ["--help"], terminal_width=200).output.split())
    for text in ("Speed, m/s. Default: 2.5.", "Number of things. Default: all.", "Default: b.", "--no-whole"):
        assert text in page
    assert "Be quick. Default" not in page
    assert "--hidden" not in page
