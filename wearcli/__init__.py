"""wearcli: a folder of wearable recordings in; embeddings and scored probes out.

Each command is one function here too, imported on first use so that `import wearcli` stays light:
`compare`, `embed`, `gait`, `gait_truth`, `heart_truth`, `info`, `inspect`, `predict`, `preprocess`,
`pretrain`, `probe`, `report`, `retrieve`, `write_sample`.
"""

import importlib
from typing import TYPE_CHECKING

from wearcli._version import __version__

if TYPE_CHECKING:
    from wearcli.comparison.compare import compare
    from wearcli.embedding.embed import embed
    from wearcli.information import info
    from wearcli.inspection import inspect
    from wearcli.prediction.predict import predict
    from wearcli.probing.probe import probe
    from wearcli.reporting.report import report
    from wearcli.retrieval.retrieve import retrieve
    from wearcli.signals.preprocess import preprocess
    from wearcli.simulation.sample import write_sample
    from wearcli.training.pretrain import pretrain
    from wearcli.truth.gait import gait_truth
    from wearcli.truth.heart import heart_truth
    from wearcli.walking.gait import gait

_WHERE = {
    "compare": "wearcli.comparison.compare",
    "embed": "wearcli.embedding.embed",
    "gait": "wearcli.walking.gait",
    "gait_truth": "wearcli.truth.gait",
    "heart_truth": "wearcli.truth.heart",
    "info": "wearcli.information",
    "inspect": "wearcli.inspection",
    "predict": "wearcli.prediction.predict",
    "preprocess": "wearcli.signals.preprocess",
    "pretrain": "wearcli.training.pretrain",
    "probe": "wearcli.probing.probe",
    "report": "wearcli.reporting.report",
    "retrieve": "wearcli.retrieval.retrieve",
    "write_sample": "wearcli.simulation.sample",
}
__all__ = [
    "__version__",
    "compare",
    "embed",
    "gait",
    "gait_truth",
    "heart_truth",
    "info",
    "inspect",
    "predict",
    "preprocess",
    "pretrain",
    "probe",
    "report",
    "retrieve",
    "write_sample",
]


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module 'wearcli' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)
