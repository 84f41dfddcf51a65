"""The compared models: by name or folder, as tables that exist, and an encoder of random weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wearcli.embedding.table import read_table
from wearcli.errors import UsageError, WearcliError
from wearcli.existence import holds_parts
from wearcli.labels.shared import WindowCut, window_cut
from wearcli.models.folder import Model, bundled_models, load_model
from wearcli.signals.windows import WindowSpec

TABLE_SUFFIXES = (".parquet", ".arrow", ".arrows")
UNTRAINED = "untrained"
NOT_MODELS = (
    UNTRAINED,
    "features",
    "majority",
    "mean",
)  # rows of the result that are not a model of the user


@dataclass(frozen=True)
class Entry:
    """A model to embed with, or a table; and how its windows are cut."""

    source: Model | Path
    windows: WindowCut


def name_models(given: Sequence[str | Path]) -> dict[str, str | Path]:
    """Return the models, each by a name.

    The name is that of a bundled model, the stem of a table or the name of a folder. Where two names would be
    the same, it is the whole path. A run folder and the model/ in it have the name of the run.

    Args:
        given: Bundled names, model folders, run folders and tables.

    Returns:
        Name -> model as given.

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
    """Open the models.

    Args:
        named: The models by name.
        stride_s: Time from a window to the next, for all models, s; a table has its own.

    Returns:
        The models that can be used, and the errors of the others.
    """
    entries: dict[str, Entry] = {}
    errors: dict[str, WearcliError] = {}
    for name, given in named.items():
        try:
            entries[name] = _open(given, stride_s)
        except WearcliError as error:
            errors[name] = error
    return entries, errors


def _name(given: str | Path) -> str:
    """Return the name of a model or a table."""
    path = Path(given)
    if str(given) in bundled_models():
        return str(given)
    if path.suffix.lower() in TABLE_SUFFIXES:
        return path.stem
    path = path.resolve()
    return path.parent.name if path.name == "model" else path.name


def _open(given: str | Path, stride_s: float | None) -> Entry:
    """Return the model or the table."""
    path = Path(given)
    if holds_parts(path) or (path.suffix.lower() in TABLE_SUFFIXES and not path.is_dir()):
        _, metadata = read_table(path)
        return Entry(path, window_cut(metadata))
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
