"""A default stands once: what a command takes is what its Python function takes.

Each command is walked with its function. Parameters of one name, or paired below, have equal defaults and
choices. What only one of the two has is listed, so that a new parameter cannot slip by.
"""

import inspect
from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import pytest
from typer.main import get_group

import wearcli
from wearcli.cli.app import GROUPS, app

COMMANDS = {
    command.__name__.replace("_", "-"): command for commands in GROUPS.values() for command in commands
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(wearcli, "write_sample" if name == "sample" else command.__name__)
    for name, command in COMMANDS.items()
    if name != "pretrain"  # its options are made of the dataclasses that its function reads
}
# The name that a parameter of a command has in the function.
OTHER_NAMES = {
    "map_": "map",
    "rate": "rate_hz",
    "window": "window_s",
    "stride": "stride_s",
    "rotate": "rotations",
    "tolerance": "tolerance_s",
    "distance": "distance_m",
    "label": "labels",
}
FOR_ALL = {"json", "jsonl"}  # how the result is printed
READING = {"unit", "rate_hz", "columns", "time_column", "time_unit", "timezone"}  # these make one `Reading`
CALLBACKS = {"watcher", "watch", "step", "started", "finished"}
# Two flags that are one argument, or a flag that turns an argument round.
CONVERTED = {"clock_offset", "align", "no_untrained", "untrained", "reading", "timezone"}
# A flag of a command that is a Python function by itself.
OWN_FUNCTIONS = {"collect"}  # `wearcli.embedding.collect`
# Where the flag is not given, the command leaves the function's default in place.
LEFT_TO_THE_FUNCTION = {
    "gait": {"label"},
    "gait-truth": {"label", "paths"},
    "embed": {"output", "model"},
    "probe": {"embeddings", "test", "label_share", "probe"},
}


def own_parameters(name: str) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(COMMANDS[name]).parameters
    return {
        key: value
        for key, value in parameters.items()
        if key not in FOR_ALL | READING | CONVERTED | OWN_FUNCTIONS
    }


def pairs(name: str) -> dict[str, tuple[inspect.Parameter, inspect.Parameter]]:
    """The parameters of a command by name, each with the function's."""
    theirs = inspect.signature(FUNCTIONS[name]).parameters
    shared = {}
    for key, ours in own_parameters(name).items():
        other = OTHER_NAMES.get(key, key)
        other = key if other not in theirs else other
        shared[key] = (ours, theirs[other])  # a KeyError is an option that the function lacks
    return shared


def choices(annotation: Any) -> set[str]:
    """The values of the Literals in an annotation."""
    if str(annotation).startswith("typing.Literal"):
        return set(get_args(annotation))
    return {choice for part in get_args(annotation) for choice in choices(part)}


def test_every_command_is_walked() -> None:
    assert {*FUNCTIONS, "pretrain", "models"} == set(get_group(app).commands)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_defaults_are_those_of_the_function(name: str) -> None:
    left = set()
    for key, (ours, theirs) in pairs(name).items():
        if inspect.Parameter.empty in (ours.default, theirs.default):
            continue  # the command has a place to look at, or the function wants a value
        if ours.default is None and theirs.default is not None:
            left.add(key)
        else:
            assert ours.default == theirs.default, key
            assert type(ours.default) is type(theirs.default), key
    assert left == LEFT_TO_THE_FUNCTION.get(name, set())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_choices_are_those_of_the_function(name: str) -> None:
    ours, theirs = get_type_hints(COMMANDS[name]), get_type_hints(FUNCTIONS[name])
    for key, (_, parameter) in pairs(name).items():
        offered, taken = choices(ours[key]), choices(theirs[parameter.name])
        assert not offered or not taken or offered == taken, key


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_can_be_given_on_the_command_line(name: str) -> None:
    theirs = set(inspect.signature(FUNCTIONS[name]).parameters)
    assert theirs - {parameter.name for _, parameter in pairs(name).values()} - CALLBACKS - CONVERTED == set()
