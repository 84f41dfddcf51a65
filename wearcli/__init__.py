"""wearcli: a folder of wearable recordings in; embeddings and scored probes out.

Each command is one function here too, imported on first use so that `import wearcli` stays light:
`compare`, `embed`, `inspect`, `preprocess`, `pretrain`, `probe`, `write_sample`.
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from wearcli.comparison.compare import compare
    from wearcli.datasets.sample import write_sample
    from wearcli.embedding.embed import embed
    from wearcli.inspection import inspect
    from wearcli.probing.probe import probe
    from wearcli.signals.preprocess import preprocess
    from wearcli.training.pretrain import pretrain

_WHERE = {
    "compare": "wearcli.comparison.compare",
    "embed": "wearcli.embedding.embed",
    "inspect": "wearcli.inspection",
    "preprocess": "wearcli.signals.preprocess",
    "pretrain": "wearcli.training.pretrain",
    "probe": "wearcli.probing.probe",
    "write_sample": "wearcli.datasets.sample",
}
__all__ = ["__version__", "compare", "embed", "inspect", "preprocess", "pretrain", "probe", "write_sample"]


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module 'wearcli' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)
