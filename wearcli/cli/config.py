"""`wearcli.toml`: defaults of the commands' options."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wearcli.errors import UsageError

if TYPE_CHECKING:
    from typer._click import Command

CONFIG_NAME = "wearcli.toml"


def read_config(path: Path | None, commands: Mapping[str, "Command"]) -> dict[str, Any]:
    """Read `[command] option = value` of a TOML file as defaults of the commands' options; flags win.

    Args:
        path: The file; None reads wearcli.toml of the working folder, if it is there.
        commands: The commands by their names.

    Returns:
        Of each command the values by the names of its parameters.

    Raises:
        UsageError: The file does not exist, is not TOML, or names an unknown command or option.
    """
    if path is None:
        path = Path(CONFIG_NAME)
        if not path.exists():
            return {}
    if not path.is_file():
        raise UsageError(f"{path}: no such file: name a TOML file with --config")
    try:
        tables = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML ({error}): mend it or give another with --config") from None
    defaults: dict[str, Any] = {}
    for verb, table in tables.items():
        if verb not in commands or not isinstance(table, dict):
            raise UsageError(f"{path}: '{verb}' is no command: use [{'], ['.join(commands)}]")
        # A key is an option's flag or an argument's name, with - or _.
        parameters = {
            flag.lstrip("-").replace("-", "_"): parameter
            for parameter in commands[verb].params
            for flag in parameter.opts
        }
        for key, value in table.items():
            parameter = parameters.get(key.replace("-", "_"))
            if parameter is None:
                raise UsageError(f"{path}: [{verb}] has no option '{key}': see 'wearcli {verb} --help'")
            if isinstance(value, bool) and not getattr(parameter, "is_flag", False):
                raise UsageError(f"{path}: [{verb}] {key} = {str(value).lower()}: the option takes a value")
            # One value of an option that takes several needs no list.
            several = parameter.nargs == -1 or getattr(parameter, "multiple", False)
            value = [value] if several and not isinstance(value, list) else value
            defaults.setdefault(verb, {})[str(parameter.name)] = value
    return defaults
