"""The options that say how files are read: one `Reading` for the commands that open recordings."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from wearcli.cli.options import Columns, RateHz, TimeColumn, TimeUnit, Timezone, Unit
from wearcli.recordings.reading import Reading

_OPTIONS = {
    "unit": Unit,
    "rate_hz": RateHz,
    "columns": Columns,
    "time_column": TimeColumn,
    "time_unit": TimeUnit,
    "timezone": Timezone,
}


def takes_reading(*without: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a command `(..., reading)`: on the command line the options of a `Reading` take its place.

    Args:
        without: Names of the options that the command does not have.
    """
    types = {name: kind for name, kind in _OPTIONS.items() if name not in without}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(**options: Any) -> None:
            given = {name: options.pop(name) for name in types}
            command(**options, reading=Reading.from_options(**given))

        signature = inspect.signature(command, eval_str=True)
        parameters: list[inspect.Parameter] = []
        for parameter in signature.parameters.values():
            if parameter.name == "reading":
                parameters += [
                    parameter.replace(name=name, default=None, annotation=kind)
                    for name, kind in types.items()
                ]
            else:
                parameters.append(parameter)
        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate
