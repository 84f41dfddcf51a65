"""Which models there are: those that come with wearcli, and those in folders of one's own."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from wearcli.errors import UsageError, WearcliError
from wearcli.models.folder import CARD_NAME, CONFIG_NAME, DEFAULT_MODEL, Model, bundled_models, load_model

LOCAL = (Path("runs"), Path("models"))


def list_models(folders: Sequence[Path] | None = None) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """The bundled models, then the model and run folders in `folders`, by default in runs/ and models/.

    Returns what each model's config says of it, and where it is; and the folders that hold no sound model,
    with the error. Raises UsageError for a folder that was named and is not there.
    """
    for folder in folders or ():
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder: name one that holds model or run folders")
    models = [_about(load_model(name), name) for name in bundled_models()]
    failed = []
    for path in _model_folders(folders or [folder for folder in LOCAL if folder.is_dir()]):
        try:
            models.append(_about(load_model(path), str(path)))
        except WearcliError as error:
            failed.append({"model": str(path), "error": str(error)})
    return models, failed


def show_model(model: str | Path) -> tuple[dict[str, Any], str]:
    """What `list_models` tells of one model, with its whole config; and its card.

    Raises UsageError and InputError as `load_model` does.
    """
    loaded = load_model(model)
    card = loaded.folder / CARD_NAME
    text = card.read_text() if card.is_file() else f"# {loaded.name}\n\nThe folder has no card.\n"
    return {**_about(loaded, str(model)), "config": loaded.config.to_json()}, text


def _model_folders(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        for path in (folder, *sorted(folder.iterdir())):
            if (path / CONFIG_NAME).is_file() or (path / "model" / CONFIG_NAME).is_file():
                yield path


def _about(model: Model, name: str) -> dict[str, Any]:
    config = model.config
    return {
        "model": name,
        "name": model.name,
        "bundled": name in bundled_models(),
        "default": name == DEFAULT_MODEL,
        "modality": config.modality,
        "rate_hz": config.rate_hz,
        "window_s": config.window_s,
        "dimension": config.dimension,
        "parameters": config.parameters,
        "bytes": model.onnx_path.stat().st_size,
        "training_sets": [item.name for item in config.training_sets],
        "licence": config.licence or "not stated",
        "scores": dict(config.scores),
    }
