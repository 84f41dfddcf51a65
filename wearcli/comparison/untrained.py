"""The encoder of random weights that stands beside the models of a comparison."""

from pathlib import Path

from wearcli.comparison.models import UNTRAINED, Entry
from wearcli.errors import UsageError, WearcliError
from wearcli.models.folder import Model, load_model


def add_untrained(entries: dict[str, Entry], folder: Path, seed: int) -> list[str]:
    """Add an encoder of random weights like the first model that names its own encoder.

    Args:
        entries: The models; the new one is added.
        folder: The folder in which its model folder is written.
        seed: Seed of its weights.

    Returns:
        A warning where no such encoder is possible.
    """
    like = _with_architecture(entries)
    if like is None:
        if not any(isinstance(entry.source, Model) for entry in entries.values()):
            return []
        return ["no untrained encoder beside them: no model's config.json names its encoder"]
    try:
        entries[UNTRAINED] = _untrained_like(entries[like], folder, seed)
    except WearcliError as error:
        return [f"no untrained encoder beside them: {error}"]
    return []


def _with_architecture(entries: dict[str, Entry]) -> str | None:
    """Return the first model whose config names its encoder."""
    for name, entry in entries.items():
        if isinstance(entry.source, Model) and entry.source.config.encoder is not None:
            return name
    return None


def _untrained_like(entry: Entry, folder: Path, seed: int) -> Entry:
    """Return a model of random weights for the same windows; UsageError where it cannot be built."""
    try:
        from wearcli.training.untrained import write_untrained
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] != "torch":
            raise
        raise UsageError("it needs torch: pip install 'wearcli[train]'") from None
    assert isinstance(entry.source, Model)
    try:
        write_untrained(folder / UNTRAINED, entry.source.config, seed)
    except ModuleNotFoundError as error:
        if error.name not in ("onnx", "onnxscript"):
            raise
        raise UsageError(f"it needs {error.name}: pip install 'wearcli[train]'") from None
    return Entry(load_model(folder / UNTRAINED), entry.windows)
