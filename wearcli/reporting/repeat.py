"""How to do it again: the command line, what was read, and by which versions."""

import inspect
import shlex
from collections.abc import Callable
from typing import Any

from wearcli.reporting.elements import Html, element

_JOINED = ("label_share",)  # one flag with commas; of other lists a flag each
_FLAGS = {"stride_s": "stride", "channel_columns": "columns"}


def command_line(verb: str, arguments: dict[str, Any], positional: str, function: Callable[..., Any]) -> Html:
    """The command with all that is not as by default.

    arguments: as the folder keeps them. positional: the one without a flag. function: has the defaults.
    """
    defaults = {name: each.default for name, each in inspect.signature(function).parameters.items()}
    words = ["wearcli", verb]
    words += ["-" if each == "stdin" else str(each) for each in _several(arguments.get(positional))]
    for name, value in arguments.items():
        if name == positional or value is None or value == [] or value == defaults.get(name):
            continue
        flag = _FLAGS.get(name, name).replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
            continue
        texts = [f"{each:g}" if isinstance(each, float) else str(each) for each in _several(value)]
        for text in [",".join(texts)] if name in _JOINED else texts:
            words += [f"--{flag}", text]
    return element("pre", element("code", shlex.join(words)))


def made_with(info: dict[str, Any]) -> Html:
    """What the result depends on: the model and the tables of labels by sha256, and versions."""
    rows = []
    if model := info.get("model"):
        rows.append([f"model {model.get('name', '')}", f"sha256 {model.get('sha256', 'unknown')}"])
    rows += [[f"labels {path}", f"sha256 {digest}"] for path, digest in (info.get("labels") or {}).items()]
    versions = {"wearcli": info.get("wearcli", "?"), **(info.get("versions") or {})}
    rows.append(["versions", ", ".join(f"{name} {number}" for name, number in versions.items())])
    parts = (
        part for name, said in rows for part in (element("dt", name), element("dd", element("code", said)))
    )
    return element("dl", *parts)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
