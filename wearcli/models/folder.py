"""A model is a folder: model.onnx, config.json and README.md (the card). Reading one needs no torch."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wearcli.errors import InputError
from wearcli.files import sha256_of

DEFAULT_MODEL = "simclr-fast-v1"
BUNDLED = Path(__file__).parent / "bundled"
ONNX_NAME, CONFIG_NAME, CARD_NAME = "model.onnx", "config.json", "README.md"
INPUT, OUTPUT = "windows", "embedding"  # (batch, samples, channels) -> (batch, dimension), float32


@dataclass(frozen=True)
class Model:
    """A model folder whose weights are the ones that its config names.

    config: what config.json says: name, rate_hz, window_s, stride_s, samples, channels, unit, modality,
    dimension, sha256 of model.onnx, training_sets, licence and more.
    """

    name: str
    folder: Path
    config: dict[str, Any]
    onnx_path: Path

    @property
    def sha256(self) -> str:
        """Of model.onnx."""
        return str(self.config["sha256"])


def bundled_models() -> list[str]:
    """The names of the models that come with wearcli."""
    return sorted(path.parent.name for path in BUNDLED.glob(f"*/{CONFIG_NAME}"))


def load_model(model: str | Path = DEFAULT_MODEL) -> Model:
    """Open a model by its bundled name or by its folder, and check its weights against their sha256.

    Raises InputError where there is no such model, or where its files are damaged or do not belong together.
    """
    folder = BUNDLED / str(model)
    if str(model) not in bundled_models():
        folder = Path(model)
        # A run folder is what pretrain prints: its model lies one level down.
        if not (folder / CONFIG_NAME).is_file() and (folder / "model" / CONFIG_NAME).is_file():
            folder = folder / "model"
    if not (folder / CONFIG_NAME).is_file():
        names = ", ".join(bundled_models()) or "none"
        raise InputError(f"{model}: no such model: give --model a model folder or a bundled name ({names})")
    try:
        config = json.loads((folder / CONFIG_NAME).read_text())
    except ValueError as error:
        raise InputError(f"{folder / CONFIG_NAME}: not valid JSON ({error}): fetch the model anew") from None
    needed = ("name", "sha256", "rate_hz", "window_s", "samples", "channels", "unit", "dimension")
    missing = [key for key in needed if not isinstance(config, dict) or key not in config]
    if missing:
        raise InputError(f"{folder / CONFIG_NAME}: no {missing[0]} in it: export the model anew")
    onnx = folder / ONNX_NAME
    if not onnx.is_file():
        raise InputError(f"{onnx}: the weights are missing: fetch or export the model anew")
    found = sha256_of(onnx)
    if found != config["sha256"]:
        raise InputError(
            f"{onnx}: its sha256 is {found[:12]}..., not the {str(config['sha256'])[:12]}... of config.json: "
            "the file is damaged or was exchanged; fetch or export the model anew"
        )
    return Model(name=str(config["name"]), folder=folder, config=config, onnx_path=onnx)
