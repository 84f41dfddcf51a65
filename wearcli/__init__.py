"""wearcli: a folder of wearable recordings in; embeddings and scored probes out.

Each command is one function here too: `compare`, `embed` (and `collect`), `gait`, `gait_truth`,
`heart_truth`, `info`, `inspect`, `predict`, `preprocess`, `pretrain`, `probe`, `report`, `retrieve`,
`write_sample`. Beside them stand `find_recordings`, `open_recording`, `load_model` and `load_probe`,
and the types of the results. All are imported on first use, so that `import wearcli` stays light.

Example:
    >>> import wearcli
    >>> model = wearcli.load_model("motion")
    >>> model.config.dimension, model.config.rate_hz
    (993, 50.0)
"""

import importlib
from typing import TYPE_CHECKING

from wearcli._version import __version__

if TYPE_CHECKING:
    from wearcli.comparison.compare import compare
    from wearcli.comparison.result import Comparison
    from wearcli.embedding.collect import collect
    from wearcli.embedding.embed import embed
    from wearcli.embedding.metadata import TableMetadata
    from wearcli.embedding.result import EmbedResult
    from wearcli.information import Information, info
    from wearcli.inspection import InspectResult, inspect
    from wearcli.models.config import ModelConfig
    from wearcli.models.folder import Model, load_model
    from wearcli.prediction.predict import predict
    from wearcli.prediction.result import PredictResult
    from wearcli.probing.probe import probe
    from wearcli.probing.result import ProbeResult
    from wearcli.probing.saved import SavedProbe, load_probe
    from wearcli.recordings.open import open_recording
    from wearcli.recordings.reading import Reading
    from wearcli.recordings.recording import Recording, Source
    from wearcli.recordings.study.discovery import Folder, find_recordings
    from wearcli.reporting.report import ReportResult, report
    from wearcli.retrieval.result import Retrieval
    from wearcli.retrieval.retrieve import retrieve
    from wearcli.signals.preprocess import PreprocessResult, preprocess
    from wearcli.simulation.sample import write_sample
    from wearcli.training.pretrain import pretrain
    from wearcli.truth.gait import gait_truth
    from wearcli.truth.heart import heart_truth
    from wearcli.truth.result import GaitTruth, HeartTruth
    from wearcli.walking.gait import gait
    from wearcli.walking.result import GaitResult

_MODULES = {
    "Comparison": "wearcli.comparison.result",
    "EmbedResult": "wearcli.embedding.result",
    "Folder": "wearcli.recordings.study.discovery",
    "GaitResult": "wearcli.walking.result",
    "GaitTruth": "wearcli.truth.result",
    "HeartTruth": "wearcli.truth.result",
    "Information": "wearcli.information",
    "InspectResult": "wearcli.inspection",
    "Model": "wearcli.models.folder",
    "ModelConfig": "wearcli.models.config",
    "PredictResult": "wearcli.prediction.result",
    "PreprocessResult": "wearcli.signals.preprocess",
    "ProbeResult": "wearcli.probing.result",
    "Reading": "wearcli.recordings.reading",
    "Recording": "wearcli.recordings.recording",
    "ReportResult": "wearcli.reporting.report",
    "Retrieval": "wearcli.retrieval.result",
    "SavedProbe": "wearcli.probing.saved",
    "Source": "wearcli.recordings.recording",
    "TableMetadata": "wearcli.embedding.metadata",
    "collect": "wearcli.embedding.collect",
    "compare": "wearcli.comparison.compare",
    "embed": "wearcli.embedding.embed",
    "find_recordings": "wearcli.recordings.study.discovery",
    "gait": "wearcli.walking.gait",
    "gait_truth": "wearcli.truth.gait",
    "heart_truth": "wearcli.truth.heart",
    "info": "wearcli.information",
    "inspect": "wearcli.inspection",
    "load_model": "wearcli.models.folder",
    "load_probe": "wearcli.probing.saved",
    "open_recording": "wearcli.recordings.open",
    "predict": "wearcli.prediction.predict",
    "preprocess": "wearcli.signals.preprocess",
    "pretrain": "wearcli.training.pretrain",
    "probe": "wearcli.probing.probe",
    "report": "wearcli.reporting.report",
    "retrieve": "wearcli.retrieval.retrieve",
    "write_sample": "wearcli.simulation.sample",
}
__all__ = [
    "Comparison",
    "EmbedResult",
    "Folder",
    "GaitResult",
    "GaitTruth",
    "HeartTruth",
    "Information",
    "InspectResult",
    "Model",
    "ModelConfig",
    "PredictResult",
    "PreprocessResult",
    "ProbeResult",
    "Reading",
    "Recording",
    "ReportResult",
    "Retrieval",
    "SavedProbe",
    "Source",
    "TableMetadata",
    "__version__",
    "collect",
    "compare",
    "embed",
    "find_recordings",
    "gait",
    "gait_truth",
    "heart_truth",
    "info",
    "inspect",
    "load_model",
    "load_probe",
    "open_recording",
    "predict",
    "preprocess",
    "pretrain",
    "probe",
    "report",
    "retrieve",
    "write_sample",
]


def __getattr__(name: str) -> object:
    """Import a public name on its first use."""
    if name not in _MODULES:
        raise AttributeError(f"module 'wearcli' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """All public names, those that are not imported yet too."""
    return sorted({*globals(), *__all__})
