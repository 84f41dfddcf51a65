"""config.toml: the settings that a run was started with; also a valid --config."""

import tomllib
from pathlib import Path

from wearcli.errors import InputError, UsageError
from wearcli.existence import RUN_CONFIG, check_run
from wearcli.files import atomic_file
from wearcli.training.methods.registry import METHODS
from wearcli.training.settings import Settings, common_options

CONFIG_NAME, TABLE = RUN_CONFIG, "pretrain"


def write_config(settings: Settings, path: Path, comment: str) -> None:
    """Write the settings as TOML under [pretrain], after one line of comment; what is None is left out."""
    import tomli_w

    options = {key: value for key, value in settings.flat().items() if value is not None}
    text = tomli_w.dumps({TABLE: options})
    with atomic_file(path) as temporary:
        temporary.write_text(f"# {comment}\n{text}", encoding="utf-8")


def read_config(path: Path) -> Settings:
    """The settings that a run was started with.

    Raises:
        UsageError: There is no such file.
        InputError: The file is no run's.
    """
    check_run(path.parent)
    try:
        options = tomllib.loads(path.read_text(encoding="utf-8"))[TABLE]
        names = {"paths", *(item.name for item in common_options())}
        names |= {item.name for method in METHODS.values() for item in method.own_options}
        if unknown := sorted(set(options) - names):
            raise ValueError(f"unknown setting {unknown[0]}")
        return Settings.from_options(options)
    except (KeyError, ValueError, TypeError, AttributeError, UsageError) as error:
        raise InputError(f"{path}: cannot be resumed ({error}): start the run anew") from None


def is_run(folder: Path) -> bool:
    """Whether the config.toml in a folder is one that a run was started with."""
    try:
        return TABLE in tomllib.loads((folder / CONFIG_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
