"""Pages of the documentation that the code itself writes: commands with their options, and the registries."""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer import Context
from typer.main import get_command

from wearcli.cli.app import app
from wearcli.modality import MODALITIES
from wearcli.models.folder import BUNDLED, DEFAULT_MODEL, bundled_models
from wearcli.probing.kinds import KINDS, load_kind
from wearcli.recordings.formats.registry import FORMATS
from wearcli.training.methods.registry import METHODS

COMMANDS_PAGE = "reference/commands.md"
REGISTRIES_PAGE = "reference/registries.md"


class ExampleSections(griffe.Extension):
    """Let `Example:` in a docstring be a section of code, as `Examples:` is."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rename the section of one object."""
        if obj.docstring:
            obj.docstring.value = re.sub(r"(?m)^( *)Example:$", r"\1Examples:", obj.docstring.value)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to those that lie in docs/."""
    files.append(File.generated(config, COMMANDS_PAGE, content=commands_page()))
    files.append(File.generated(config, REGISTRIES_PAGE, content=registries_page()))
    return files


def registries_page() -> str:
    """What there is to choose, from the registries themselves."""
    lines = ["# What there is to choose", "", "This page is made from the registries of the code.", ""]
    lines += ["## File formats", "", "| format | endings | also as .gz | signals |", "|---|---|---|---|"]
    for record in FORMATS.values():
        endings = ", ".join(f"`{suffix}`" for suffix in record.suffixes) or "a folder"
        signals = ", ".join(record.modalities) if record.modalities else "by its columns"
        lines += [f"| {record.title} | {endings} | {'yes' if record.gzip else 'no'} | {signals} |"]
    lines += ["", "## Signals", "", "`--modality NAME`", ""]
    lines += [
        "| name | signal | unit | rate, Hz | window, s | hand-made features |",
        "|---|---|---|---|---|---|",
    ]
    for signal in MODALITIES.values():
        sets = ", ".join(f"{name} ({len(make().names)})" for name, make in signal.feature_sets.items())
        numbers = f"{signal.rate_hz:g} | {signal.window_s:g}"
        lines += [f"| `{signal.name}` | {signal.title} | {signal.unit} | {numbers} | {sets} |"]
    lines += ["", "## Bundled models", "", "`--model NAME`", ""]
    lines += ["| name | signal | rate, Hz | window, s | numbers | licence |", "|---|---|---|---|---|---|"]
    for name in bundled_models():
        config = json.loads((BUNDLED / name / "config.json").read_text())
        default = " (default)" if name == DEFAULT_MODEL else ""
        lines += [
            f"| `{name}`{default} | {config.get('modality', 'acc')} | {config['rate_hz']:g} | "
            f"{config['window_s']:g} | {config['dimension']} | {config.get('licence', '')} |"
        ]
    lines += ["", "## Probe kinds", "", "`--probe NAME`, several with commas", ""]
    lines += ["| name | probe | chosen inside the training folds | numbers too |", "|---|---|---|---|"]
    for name in KINDS:
        kind = load_kind(name)
        numbers = "yes" if kind.regression else "no, classes only"
        lines += [f"| `{name}` | {kind.title} | {kind.hyperparameter} | {numbers} |"]
    lines += ["", "## Training methods", "", "`--method NAME`", "", "| name | what it is |", "|---|---|"]
    lines += [f"| `{method.name}` | {method.title} |" for method in METHODS.values()]
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """Every command with its arguments and options, as `--help` has them."""
    root = get_command(app)
    lines = [
        "# Commands and options",
        "",
        "This page is made from the code: it is what `wearcli --help` and `wearcli COMMAND --help` say.",
        "",
        *_overview(root),
        "",
        "## Options before the command",
        "",
        *_tables(root),
    ]
    for name, command in root.commands.items():
        lines += _command(f"wearcli {name}", command, 2)
    return "\n".join(lines) + "\n"


def _overview(root: Any) -> list[str]:
    """The commands in their groups, a line each with a link."""
    lines: list[str] = []
    for panel, commands in _by_panel(root.commands.items(), lambda item: item[1]):
        lines += ["", f"**{panel}**", "", "| command | what it does |", "|---|---|"]
        lines += [
            f"| [`wearcli {name}`](#wearcli-{name}) | {_first(command)} |" for name, command in commands
        ]
    return lines


def _command(title: str, command: Any, level: int) -> list[str]:
    """One command and, where it has some, its subcommands."""
    lines = ["", f"{'#' * level} `{title}`", "", _text(command.help or ""), ""]
    subcommands = getattr(command, "commands", {})
    usage = " ".join(_usage(parameter) for parameter in _arguments(command))
    tail = " [COMMAND]" if subcommands else ""
    lines += [
        "```text",
        f"{title}{' ' + usage if usage else ''} [OPTIONS]{tail}",
        "```",
        "",
        *_tables(command),
    ]
    for name, subcommand in subcommands.items():
        lines += _command(f"{title} {name}", subcommand, level + 1)
    return lines


def _arguments(command: Any) -> list[Any]:
    return [parameter for parameter in command.params if parameter.param_type_name == "argument"]


def _usage(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return f"{name}..." if argument.nargs != 1 and not name.endswith("...") else name


def _tables(command: Any) -> list[str]:
    """A table of the arguments and one for each panel of options."""
    lines: list[str] = []
    context = Context(command)
    arguments = _arguments(command)
    if arguments:
        lines += ["| argument | what it is |", "|---|---|"]
        lines += [f"| `{_usage(item)}` | {_cell(getattr(item, 'help', '') or '')} |" for item in arguments]
        lines += [""]
    options = [item for item in command.params if item.param_type_name == "option" and not item.hidden]
    for panel, members in _by_panel(options, lambda item: item):
        lines += [f"**{panel}**", "", "| option | value | default | what it does |", "|---|---|---|---|"]
        lines += [
            f"| {_names(item)} | {_value(item, context)} | {_default(item)} | {_cell(item.help or '')} |"
            for item in members
        ]
        lines += [""]
    return lines


def _by_panel(items: Any, holder: Any) -> Iterator[tuple[str, list[Any]]]:
    """Items by the panel that the help shows them in, in order of appearance."""
    panels: dict[str, list[Any]] = {}
    for item in items:
        panel = getattr(holder(item), "rich_help_panel", None)
        default = "Commands" if isinstance(item, tuple) else "Options"
        panels.setdefault(panel if isinstance(panel, str) else default, []).append(item)
    yield from panels.items()


def _names(option: Any) -> str:
    names = [f"`{name}`" for name in option.opts]
    if option.secondary_opts:
        names += [f"`{name}`" for name in option.secondary_opts]
    return ", ".join(names) + (" (several)" if option.multiple else "")


def _value(option: Any, context: Any) -> str:
    if option.is_flag:
        return "flag"
    return f"`{_cell(str(option.display_type_rich(ctx=context)))}`"


def _default(option: Any) -> str:
    value = option.default
    if callable(value) or value is None or (option.is_flag and value is False) or value in ([], (), ""):
        return ""
    if re.search(r"Sentinel|UNSET", repr(value)):
        return ""
    if isinstance(value, list | tuple):
        value = ",".join(str(getattr(item, "value", item)) for item in value)
    return f"`{_cell(str(getattr(value, 'value', value)))}`"


def _first(command: Any) -> str:
    return _cell(_text(command.help or command.short_help or "").split("\n\n")[0])


def _text(text: str) -> str:
    """A docstring as Markdown: typer keeps a form feed before what the help leaves out."""
    return inspect.cleandoc(text.split("\f")[0])


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()
