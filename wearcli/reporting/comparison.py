"""A comparison as the report reads it: comparison.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wearcli.comparison.result import Comparison
from wearcli.comparison.save import DOCUMENT, FORMAT
from wearcli.documents import parse
from wearcli.errors import InputError
from wearcli.reporting.metrics import Score, find_metric, leading_metric
from wearcli.reporting.wording import TITLES, plain

_TODO = "compare again"
_NEEDED = ("task", "kind", "probe", "models", "scores", "less_features", "less_first", "targets", "first")


@dataclass(frozen=True)
class ReportedComparison:
    """comparison.json.

    Attributes:
        result: The scores, see `Comparison`.
        protocol: How the encoders were scored, in words.
        arguments: What `wearcli.compare` was called with.
        made_with: What the result depends on: labels, wearcli, versions.
    """

    result: Comparison
    protocol: str
    arguments: dict[str, Any]
    made_with: dict[str, Any]

    @property
    def classify(self) -> bool:
        """Whether the task has classes."""
        return self.result.kind == "classification"

    @property
    def metric(self) -> str:
        """The metric that figures and the headline show."""
        return leading_metric(self.classify)

    def metric_title(self, target: str) -> str:
        """Return the leading metric in words, with the target where it has a unit."""
        return TITLES[self.metric] + ("" if self.classify else f" of {plain(target)}")

    def leading(self, scores: Mapping[str, Mapping[str, Score]], target: str) -> dict[str, Score]:
        """Return the leading score of each row."""
        return {name: find_metric(row, self.metric, target) for name, row in scores.items()}


def read_comparison(folder: Path) -> ReportedComparison:
    """Read comparison.json.

    Raises:
        InputError: The document is damaged, or a later wearcli wrote it.
    """
    path = folder / DOCUMENT
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["format"] > FORMAT:
            raise InputError(f"{path}: of a later wearcli (format {values['format']}): upgrade wearcli")
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(f"{path}: damaged ({error}): {_TODO}") from error
    if missing := [key for key in _NEEDED if key not in values]:
        raise InputError(f"{path}: no {missing[0]} in it: {_TODO}")
    return ReportedComparison(
        parse(Comparison, values, str(path), _TODO),
        protocol=str(values.get("protocol", "")),
        arguments=values.get("arguments") or {},
        made_with={key: values.get(key) for key in ("labels", "wearcli", "versions")},
    )
