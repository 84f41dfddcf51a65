"""Options as fields of dataclasses: default, help and bounds of an option stand at its field alone.

    @dataclass(frozen=True)
    class Views:
        noise: float = field(default=0.05, metadata=option("Greatest noise of a view, g.", minimum=0))

The command line is built from such classes, and `check_options` refuses values that they do not allow.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from wearcli.errors import UsageError

Choices = tuple[str, ...]


@dataclass(frozen=True)
class Option:
    """What is known of an option beside its name, type and default.

    Attributes:
        help: One sentence, with the unit.
        minimum: The value may be equal to it.
        maximum: Likewise.
        above: The value may not be equal to it.
        below: Likewise.
        choices: The values that a text may have, or a function that gives them.
        metavar: What stands for the value in the help.
        default_text: What happens without the option, where its default is None.
        off_switch: Whether a truth value gets --no-NAME too.
        modalities: Whether the option is for a signal, by its name; None where it is for all.
    """

    help: str
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    choices: Choices | Callable[[], Choices] | None = None
    metavar: str | None = None
    default_text: str | None = None
    off_switch: bool = False
    modalities: Callable[[str], bool] | None = None


def option(help: str, **details: Any) -> Mapping[str, Any]:
    """The metadata of a dataclass field that is an option.

    Args:
        help: One sentence for `--help`, with the unit.
        details: Fields of `Option`.

    Example:
        >>> field(default=200, metadata=option("Steps in which the learning rate rises.", minimum=0))
    """
    return {"option": Option(help, **details)}


@dataclass(frozen=True)
class OptionField:
    """A field of a dataclass that is an option.

    Attributes:
        type: The type of one value: bool, int, float or str.
        several: Whether it is a tuple of such values.
        literals: The values of a Literal.
    """

    name: str
    type: type
    several: bool
    default: Any
    literals: Choices
    option: Option

    @property
    def choices(self) -> Choices:
        """The values that it may have, by the registry as it is now; empty where any may be."""
        choices = self.option.choices
        return self.literals or (choices() if callable(choices) else choices) or ()

    @property
    def flag(self) -> str:
        """The option as it is written on the command line."""
        return "--" + self.name.replace("_", "-")

    def parse(self, value: Any) -> Any:
        """The value as the field's type has it: lists as tuples, whole numbers as float where it is one."""
        if value is None:
            return None
        if self.several:
            return tuple(map(str, [value] if isinstance(value, str) else value))
        if self.type is str:
            return str(value)
        if self.type is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        whole = self.type is int and isinstance(value, float) and value.is_integer()
        if whole:
            return int(value)
        if not isinstance(value, self.type) or (isinstance(value, bool) and self.type is not bool):
            raise UsageError(f"{self.flag} {value}: give {_KINDS[self.type]}")
        return value

    def check(self, value: Any) -> None:
        """Raise UsageError for a value beyond the bounds, or one that is no choice."""
        if value is None or isinstance(value, bool | tuple):
            return
        if isinstance(value, str):
            if self.choices and value not in self.choices:
                *others, last = self.choices
                name = self.name.replace("_", " ")
                raise UsageError(f"no {name} '{value}': {self.flag} takes {', '.join(others)} or {last}")
            return
        limits = self.option
        wrong = (
            "must be a number"
            if math.isnan(value)
            else f"must be above {limits.above:g}"
            if limits.above is not None and not value > limits.above
            else f"must be at least {limits.minimum:g}"
            if limits.minimum is not None and not value >= limits.minimum
            else f"must be below {limits.below:g}"
            if limits.below is not None and not value < limits.below
            else f"must be at most {limits.maximum:g}"
            if limits.maximum is not None and not value <= limits.maximum
            else None
        )
        if wrong is not None:
            raise UsageError(f"{self.flag} {value:g}: {wrong}")


_FIELDS: dict[type[Any], tuple[OptionField, ...]] = {}  # by dataclass, as they were read
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def option_fields(options: type[Any]) -> tuple[OptionField, ...]:
    """The options of a dataclass in the order of its fields."""
    if options not in _FIELDS:
        hints = get_type_hints(options)
        marked = (field for field in fields(options) if "option" in field.metadata)
        _FIELDS[options] = tuple(_option_field(field, hints[field.name]) for field in marked)
    return _FIELDS[options]


def check_options(values: object) -> None:
    """Raise UsageError for the first option of a dataclass whose value is not allowed."""
    for field in option_fields(type(values)):
        field.check(getattr(values, field.name))


def _option_field(field: Field[Any], hint: Any) -> OptionField:
    """The option of a field."""
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (part for part in get_args(hint) if part is not type(None))
    several = get_origin(hint) is tuple
    if several:
        hint = get_args(hint)[0]
    option: Option = field.metadata["option"]
    literals: Choices = ()
    if get_origin(hint) is Literal:
        literals, hint = get_args(hint), str
    default = field.default_factory() if field.default_factory is not MISSING else field.default
    return OptionField(field.name, hint, several, default, literals, option)
