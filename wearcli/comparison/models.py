"""What is compared: models by name or folder, tables that are there, and an encoder of random weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wearcli.embedding.table import read_table
from wearcli.errors import UsageError, WearcliError
from wearcli.models.folder import Model, bundled_models, load_model
from wearcli.signals.windows import WindowSpec

TABLE_SUFFIXES = (".parquet", ".arrow", ".arrows")
UNTRAINED = "untrained"
NOT_MODELS = (UNTRAINED, "features", "majority", "mean")  # rows of the result that are no model of the user's


@dataclass(frozen=True)
class Entry:
    """A model to embed with, or else a table. windows: rate_hz, window_s and stride_s of its windows."""

    source: Model | Path
    windows: dict[str, Any]


def name_models(given: Sequence[str | Path]) -> dict[str, str | Path]:
    """Return the models by a name of their own.

    The name is a bundled model's own, a table's stem or a folder's name; the whole path where two would have
    the same name. A run folder and the model/ in it have the name of the run.

    Raises:
        UsageError: No model is given, or the same one twice.
    """
    if not given:
        raise UsageError("no model named: give bundled names, model or run folders, or embeddings tables")
    names = [_name(model) for model in given]
    short = [name if names.count(name) == 1 and name not in NOT_MODELS else None for name in names]
    final = [name or str(model) for name, model in zip(short, given, strict=True)]
    for name in final:
        if final.count(name) > 1 or name in NOT_MODELS:
            why = "is given twice" if final.count(name) > 1 else "is a row of every comparison"
            raise UsageError(f"{name} {why}: name each model once, by another path where need be")
    return dict(zip(final, given, strict=True))


def open_models(
    named: dict[str, str | Path], stride_s: float | None
) -> tuple[dict[str, Entry], dict[str, WearcliError]]:
    """Those that can be used, and the errors of the others. stride_s: of all models; a table has its own."""
    entries: dict[str, Entry] = {}
    errors: dict[str, WearcliError] = {}
    for name, given in named.items():
        try:
            entries[name] = _open(given, stride_s)
        except WearcliError as error:
            errors[name] = error
    return entries, errors


def _name(given: str | Path) -> str:
    path = Path(given)
    if str(given) in bundled_models():
        return str(given)
    if path.suffix.lower() in TABLE_SUFFIXES:
        return path.stem
    path = path.resolve()
    return path.parent.name if path.name == "model" else path.name


def _open(given: str | Path, stride_s: float | None) -> Entry:
    path = Path(given)
    if path.suffix.lower() in TABLE_SUFFIXES and not path.is_dir():
        _, metadata = read_table(path)
        return Entry(path, {key: getattr(metadata, key) for key in ("rate_hz", "window_s", "stride_s")})
    try:
        model = load_model(given)
    except UsageError:
        names = ", ".join(bundled_models()) or "none"
        raise UsageError(
            f"{given}: no such model: give a bundled name ({names}), a model or run folder, or a table"
        ) from None
    config = model.config
    stride_s = config.stride_for(config.window_s) if stride_s is None else stride_s
    spec = WindowSpec(config.rate_hz, config.window_s, stride_s)
    rate = spec.rate_hz
    return Entry(model, {"rate_hz": rate, "window_s": spec.samples / rate, "stride_s": spec.stride / rate})
