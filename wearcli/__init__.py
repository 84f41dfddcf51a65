"""wearcli: a folder of wearable recordings in; embeddings and scored probes out.

Each command is one function here too, imported on first use so that `import wearcli` stays light:
`compare`, `embed`, `gait`, `gait_truth`, `heart_truth`, `inspect`, `predict`, `preprocess`, `pretrain`,
`probe`, `report`, `retrieve`, `write_sample`.
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from wearcli.cardiac.truth import heart_truth
    from wearcli.comparison.compare import compare
    from wearcli.datasets.sample import write_sample
    from wearcli.embedding.embed import embed
    from wearcli.inspection import inspect
    from wearcli.prediction.predict import predict
    from wearcli.probing.probe import probe
    from wearcli.reporting.report import report
    from wearcli.retrieval.retrieve import retrieve
    from wearcli.signals.preprocess import preprocess
    from wearcli.training.pretrain import pretrain
    from wearcli.walking.gait import gait
    from wearcli.walking.truth import gait_truth

_WHERE = {
    "compare": "wearcli.comparison.compare",
    "embed": "wearcli.embedding.embed",
    "gait": "wearcli.walking.gait",
    "gait_truth": "wearcli.walking.truth",
    "heart_truth": "wearcli.cardiac.truth",
    "inspect": "wearcli.inspection",
    "predict": "wearcli.prediction.predict",
    "preprocess": "wearcli.signals.preprocess",
    "pretrain": "wearcli.training.pretrain",
    "probe": "wearcli.probing.probe",
    "report": "wearcli.reporting.report",
    "retrieve": "wearcli.retrieval.retrieve",
    "write_sample": "wearcli.datasets.sample",
}
__all__ = [
    "__version__",
    "compare",
    "embed",
    "gait",
    "gait_truth",
    "heart_truth",
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
