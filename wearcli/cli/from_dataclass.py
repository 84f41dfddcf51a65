"""Options of a command from the fields of dataclasses: see `wearcli.options`."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal

import typer

from wearcli.options import OptionField, option_fields

# A function that gives the default of an option as its help shows it; None where nothing is to be shown.
DefaultText = Callable[[OptionField], str | None]
_METAVARS = {int: "N", float: "NUMBER", str: "TEXT"}


def default_text(field: OptionField) -> str | None:
    """The default of an option for its help."""
    if field.option.default_text is not None:
        return field.option.default_text
    if field.type is bool:
        return field.flag if field.default and field.option.off_switch else None
    if field.default in (None, ()):
        return None
    return f"{field.default:g}" if isinstance(field.default, float) else str(field.default)


def option_parameters(
    fields: Iterable[OptionField],
    panel: str,
    default: DefaultText = default_text,
    prefix: Callable[[OptionField], str] = lambda field: "",
) -> list[inspect.Parameter]:
    """The parameters of a command for options; each is None where it is not given.

    Args:
        fields: The options, as `option_fields` gives them.
        panel: The title of their panel in the help.
        default: Their default as the help shows it.
        prefix: What stands before their help.
    """
    return [_parameter(field, panel, default(field), prefix(field)) for field in fields]


def takes_options(
    panels: Callable[[], list[inspect.Parameter]],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a command `(..., **options)`: it gets the options that were given, by name.

    Args:
        panels: A function that gives the parameters, in the order of the help.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        own = [
            parameter
            for parameter in signature.parameters.values()
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD
        ]
        # The command's own options stand after those of the panels.
        count = sum(parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for parameter in own)
        parameters = [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for parameter in [*own[:count], *panels(), *own[count:]]
        ]
        command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return command

    return decorate


def given_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given, lists as tuples."""
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in options.items()
        if value is not None and value != []
    }


def _parameter(field: OptionField, panel: str, default: str | None, prefix: str) -> inspect.Parameter:
    """The parameter of one option."""
    text = prefix + field.option.help + (f" Default: {default}." if default else "")
    flags = [field.flag]
    metavar: str | None = field.option.metavar or _METAVARS.get(field.type)
    kind: Any = field.type
    if field.choices:
        kind, metavar = Literal[field.choices], None
    if field.type is bool:
        off = field.flag.replace("--", "--no-", 1)
        flags = [f"{field.flag}/{off}"] if field.option.off_switch else [field.flag]
        metavar = None
    if field.several:
        kind = list[kind]
    details = typer.Option(*flags, help=text, metavar=metavar, rich_help_panel=panel, show_default=False)
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, details],
    )


__all__ = ["default_text", "given_options", "option_fields", "option_parameters", "takes_options"]
