"""How to repeat a result: the command line, what was read, and the versions."""

import inspect
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from wearcli.reporting.elements import Html, element

_JOINED = ("label_share",)  # one flag with commas; other lists repeat their flag
_FLAGS = {"stride_s": "stride", "channel_columns": "columns"}


def command_line(
    verb: str, arguments: Mapping[str, Any], positional: str, function: Callable[..., Any]
) -> Html:
    """Return the command with every argument that is not the default.

    Args:
        verb: The command.
        arguments: The arguments as the folder keeps them.
        positional: Name of the argument without a flag.
        function: The Python function, which has the defaults.
    """
    defaults = {name: parameter.default for name, parameter in inspect.signature(function).parameters.items()}
    words = ["wearcli", verb]
    words += ["-" if path == "stdin" else str(path) for path in _as_list(arguments.get(positional))]
    for name, value in arguments.items():
        if name == positional or value is None or value == [] or value == defaults.get(name):
            continue
        flag = _FLAGS.get(name, name).replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
            continue
        texts = [_text(item) for item in _as_list(value)]
        for text in [",".join(texts)] if name in _JOINED else texts:
            words += [f"--{flag}", text]
    return element("pre", element("code", shlex.join(words)))


def made_with(document: Mapping[str, Any]) -> Html:
    """Return what the result depends on: model and tables of labels by their sha256, and versions."""
    rows = []
    if model := document.get("model"):
        rows.append([f"model {model.get('name', '')}", f"sha256 {model.get('sha256', 'unknown')}"])
    labels = document.get("labels") or {}
    rows += [[f"labels {path}", f"sha256 {digest}"] for path, digest in labels.items()]
    versions = {"wearcli": document.get("wearcli", "?"), **(document.get("versions") or {})}
    rows.append(["versions", ", ".join(f"{name} {version}" for name, version in versions.items())])
    parts = (
        part for name, text in rows for part in (element("dt", name), element("dd", element("code", text)))
    )
    return element("dl", *parts)


def _text(value: Any) -> str:
    """Write a value so that it reads back as the same: all digits of a float, none after a whole one."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
