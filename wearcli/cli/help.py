"""Help pages: commands in groups and options in panels, as plain text.

Rich would draw the same panels, but importing it takes longer than all else that `--help` does.
"""

import os
import re
import sys
from typing import TYPE_CHECKING

import typer
from typer.core import TyperCommand, TyperGroup

from wearcli.cli.options import GENERAL

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter

Row = tuple[str, str]  # what stands on the left (a command, or flags and type), and its help

PAGE_WIDTH = 100
_LEFT_WIDTH = 26
# Types of options without a metavar of their own, as people call them.
_TYPES = {
    "str": "TEXT",
    "int": "INTEGER",
    "int range": "INTEGER",
    "float": "NUMBER",
    "float range": "NUMBER",
    "path": "PATH",
    "list[str]": "TEXT",
    "list[Path]": "PATH",
}


class Command(TyperCommand):
    """A command whose help has its options in panels."""

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write the panels of the options."""
        _write_panels(_option_panels(self, ctx), formatter)


class Group(TyperGroup):
    """A command that has commands: its help has both in panels."""

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write the panels of the commands, then those of the options."""
        panels: dict[str, list[Row]] = {}
        for name, command in self.commands.items():
            panel = getattr(command, "rich_help_panel", None) or "Commands"
            panels.setdefault(panel, []).append((name, command.get_short_help_str(PAGE_WIDTH)))
        _write_panels(panels, formatter)
        _write_panels(_option_panels(self, ctx), formatter)


def _option_panels(command: TyperCommand | TyperGroup, context: "Context") -> dict[str, list[Row]]:
    """Return the rows of each panel: what is the command's own first, what all commands have last."""
    panels: dict[str, list[Row]] = {"Arguments": [], "Options": []}
    general: list[Row] = []
    for parameter in command.get_params(context):
        row = parameter.get_help_record(context)
        if row is None:
            continue
        if parameter.param_type_name == "argument":
            row = (re.sub(r" <.*>$", "", row[0]), row[1])  # its name says enough
        panel = getattr(parameter, "rich_help_panel", None)
        if parameter.name == "help" or panel == GENERAL:
            general.append(row)
        else:
            panel = panel or ("Arguments" if parameter.param_type_name == "argument" else "Options")
            panels.setdefault(panel, []).append(row)
    return panels | {GENERAL: general}


def _write_panels(panels: dict[str, list[Row]], formatter: "HelpFormatter") -> None:
    """Write the panels, their texts below each other."""
    named = {name: [(_named_type(left), text) for left, text in rows] for name, rows in panels.items()}
    width = min(max(len(left) for rows in named.values() for left, _ in rows), _LEFT_WIDTH)
    for name, rows in named.items():
        if rows:
            with formatter.section(_styled(name, bold=True)):
                padded = [(_with_colours(left) + " " * (width - len(left)), text) for left, text in rows]
                formatter.write_dl(padded, col_max=width)


def _named_type(left: str) -> str:
    """Write the type of an option as people call it: `--rate-hz <float>` becomes `--rate-hz NUMBER`."""
    return re.sub(r"<([^>]*)>", lambda match: _TYPES.get(match[1], match[1]), left)


def _with_colours(left: str) -> str:
    return re.sub(r"(?<![\w-])--?[a-z][\w-]*|^[a-z][\w-]*$", lambda match: _styled(match[0], fg="cyan"), left)


def _styled(text: str, bold: bool = False, fg: str | None = None) -> str:
    return typer.style(text, fg=fg, bold=bold or None) if has_colour() else text


def has_colour() -> bool:
    """Tell whether stdout is a terminal that shows colours, and nobody asked for none (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
