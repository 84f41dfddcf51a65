"""A comparison as the report reads it: comparison.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wearcli.comparison.result import Comparison
from wearcli.comparison.save import DOCUMENT, FORMAT
from wearcli.conformity import shown
from wearcli.documents import Fields, parse, read_json
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
    values = read_json(path, _TODO)
    fields = Fields(values, str(path), _TODO)
    if (written := fields.count("format")) > FORMAT:
        raise InputError(f"{path}: of a later wearcli (format {shown(written)}): upgrade wearcli")
    if missing := [key for key in _NEEDED if key not in values]:
        raise InputError(f"{path}: no {missing[0]} in it: {_TODO}")
    result = parse(Comparison, values, str(path), _TODO)
    if problem := _contradiction(result):
        raise fields.error(problem)
    return ReportedComparison(
        result,
        protocol=fields.optional(fields.text, "protocol") or "",
        arguments=fields.table("arguments"),
        made_with={
            "labels": fields.table("labels"),
            "wearcli": fields.optional(fields.text, "wearcli"),
            "versions": fields.table("versions"),
        },
    )


def _contradiction(result: Comparison) -> str | None:
    """What cannot be, in words; None for a comparison that can be shown."""
    if result.kind not in ("classification", "regression"):
        return f"its kind is {shown(result.kind)}, not classification or regression"
    if not result.models:
        return "no models in it"
    if not result.targets:
        return "no targets in it"
    if result.first not in result.models:
        return f"its first is {shown(result.first)}, none of its models"
    if missing := [name for name in result.models if name not in result.scores]:
        return f"no scores of {shown(missing[0])} in it"
    return None
