"""A model is a folder: model.onnx, config.json and README.md (the card). Reading one needs no torch."""

from dataclasses import dataclass
from pathlib import Path

from wearcli.claims import recover
from wearcli.documents import read_json
from wearcli.errors import InputError, UsageError
from wearcli.files import content_sha256
from wearcli.modality import Modality
from wearcli.models.config import ADVICE, ModelConfig

DEFAULT_MODEL = "motion-v5"
# The latest of each signal, by the signal's name, and the one to compare with.
LATEST = {"motion": DEFAULT_MODEL, "ppg": "ppg-v1", "ecg": "ecg-v1", "relcon": "relcon-v1"}
BUNDLED = Path(__file__).parent / "bundled"
ONNX_NAME, CONFIG_NAME, CARD_NAME = "model.onnx", "config.json", "README.md"
INPUT, OUTPUT = "windows", "embedding"  # (batch, samples, channels) -> (batch, dimension), float32


@dataclass(frozen=True)
class Model:
    """A model folder whose weights are the ones that its config names.

    Attributes:
        folder: The folder.
        config: What config.json says.
    """

    folder: Path
    config: ModelConfig

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.config.name

    @property
    def modality(self) -> Modality:
        """The signal that it embeds."""
        return self.config.modality

    @property
    def onnx_path(self) -> Path:
        """The file of the weights."""
        return self.folder / ONNX_NAME


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
        recover(folder)
    if not (folder / CONFIG_NAME).is_file():
        names = ", ".join(bundled_models()) or "none"
        raise UsageError(f"{model}: no such model: give --model a model folder or a bundled name ({names})")
    path = folder / CONFIG_NAME
    config = ModelConfig.from_json(read_json(path, ADVICE), str(path))
    onnx = folder / ONNX_NAME
    if not onnx.is_file():
        raise InputError(f"{onnx}: the weights are missing: fetch or export the model anew")
    if (sha256 := content_sha256(onnx)) != config.sha256:
        raise InputError(
            f"{onnx}: its sha256 is {sha256[:12]}..., not the {config.sha256[:12]}... of config.json: "
            "the file is damaged or was exchanged; fetch or export the model anew"
        )
    return Model(folder, config)
