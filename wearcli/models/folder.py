"""A model is a folder: model.onnx, config.json and README.md (the card). Reading one needs no torch."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wearcli.errors import InputError, UsageError
from wearcli.files import sha256_of
from wearcli.modality import MODALITIES, Modality

DEFAULT_MODEL = "motion-v5"
# The latest of each signal, by the signal's name, and the one to compare with.
LATEST = {"motion": DEFAULT_MODEL, "ppg": "ppg-v1", "ecg": "ecg-v1", "relcon": "relcon-v1"}
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
    def modality(self) -> Modality:
        """The signal that it embeds."""
        return self.config.get("modality", "acc")

    def stride_of(self, window_s: float) -> float:
        """Seconds from window to window where nobody says: the model's own of its own windows, else one."""
        own = window_s == float(self.config["window_s"])
        return float(self.config.get("stride_s") or window_s) if own else window_s


def bundled_models() -> list[str]:
    """The names of the models that come with wearcli."""
    return sorted(path.parent.name for path in BUNDLED.glob(f"*/{CONFIG_NAME}"))


def load_model(model: str | Path = DEFAULT_MODEL) -> Model:
    """Open a model by its bundled name or by its folder, and check its weights against their sha256.

    motion, ppg, ecg and relcon name the latest of each. Raises UsageError where there is no such model,
    InputError where its files are damaged or do not belong together, or where config.json says what no model
    can be.
    """
    name = LATEST.get(str(model), str(model))
    folder = BUNDLED / name
    if name not in bundled_models():
        folder = Path(model)
        # A run folder is what pretrain prints: its model lies one level down.
        if not (folder / CONFIG_NAME).is_file() and (folder / "model" / CONFIG_NAME).is_file():
            folder = folder / "model"
    if not (folder / CONFIG_NAME).is_file():
        names = ", ".join(bundled_models()) or "none"
        raise UsageError(f"{model}: no such model: give --model a model folder or a bundled name ({names})")
    try:
        config = json.loads((folder / CONFIG_NAME).read_text())
    except ValueError as error:
        raise InputError(f"{folder / CONFIG_NAME}: not valid JSON ({error}): fetch the model anew") from None
    needed = ("name", "sha256", "rate_hz", "window_s", "samples", "channels", "unit", "dimension")
    missing = [key for key in needed if not isinstance(config, dict) or key not in config]
    if missing:
        raise InputError(f"{folder / CONFIG_NAME}: no {missing[0]} in it: export the model anew")
    if wrong := _contradiction(config):
        raise InputError(f"{folder / CONFIG_NAME}: {wrong}: export the model anew")
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


def _contradiction(config: dict[str, Any]) -> str | None:
    """What in a model's config cannot be, in words; None for a config that can be used."""
    numbers = {key: config[key] for key in ("rate_hz", "window_s", "samples", "dimension")}
    for key, value in numbers.items():
        whole = key in ("samples", "dimension")
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not value > 0:
            return f"{key} is {value!r}, not a {'whole ' if whole else ''}number above 0"
    rate, window, samples = config["rate_hz"], config["window_s"], config["samples"]
    if not abs(rate * window - samples) <= 0.5:
        return f"{window:g} s at {rate:g} Hz are not its {samples} samples"
    channels = config["channels"]
    if not isinstance(channels, list) or not channels or not all(isinstance(c, str) for c in channels):
        return f"channels are {channels!r}, not a list of names"
    signal = MODALITIES.get(config.get("modality", "acc"))
    if signal is None:
        return f"its modality is {config['modality']!r}, not one of {', '.join(MODALITIES)}"
    if config.get("features", "motion") not in ("motion", "heart"):
        return f"its features are {config['features']!r}, not motion or heart"
    if signal.channels and (len(channels) != len(signal.channels) or config["unit"] != signal.unit):
        return f"{signal.title} has three channels in {signal.unit}, not {len(channels)} in {config['unit']}"
    return None
