"""comparison.json: a comparison, and how it was made."""

import json
from importlib.metadata import version
from pathlib import Path

from wearcli._version import __version__
from wearcli.comparison.options import CompareOptions
from wearcli.comparison.result import Comparison
from wearcli.files import atomic_file, content_sha256
from wearcli.labels.tasks import Task
from wearcli.probing.kinds import load_kind
from wearcli.probing.saved import versions

FORMAT = 1
DOCUMENT = "comparison.json"
PROTOCOL = (
    "samples that every model has; folds by participant, the same for all; {chosen}; mean: score over all "
    "held-out predictions pooled; low, high: 95 % percentile interval of a bootstrap over participants, of a "
    "difference on the same draws for both; p: two-sided, of the same draws, p_holm: corrected for how many "
    "models are compared with the one (Holm 1979), intervals are not; folds: each fold's own "
    "score; features: the linear probe on the hand-made features of a model's own windows; untrained: an "
    "encoder of random weights"
)


def save_comparison(folder: Path, result: Comparison, task: Task, options: CompareOptions) -> None:
    """Write the document, whole or not at all.

    Args:
        folder: The folder of comparison.json.
        result: The comparison.
        task: The task.
        options: The arguments of `wearcli.compare`.
    """
    # The linear probe on features stands beside every kind.
    chosen = dict.fromkeys(load_kind(name).protocol for name in ("linear", options.probe))
    document = {
        "format": FORMAT,
        **result.to_json(),
        "wearcli": __version__,
        "protocol": PROTOCOL.format(chosen=", ".join(chosen)),
        "labels": {str(path): content_sha256(path) for path in task.paths},
        "versions": versions() | {"onnxruntime": version("onnxruntime")},
        "arguments": options.to_json(),
    }
    with atomic_file(folder / DOCUMENT) as path:
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
