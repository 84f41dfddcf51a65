"""Scores as the JSON documents hold them: `{mean, low, high}` by metric, or by `target.metric`."""

from collections.abc import Iterable, Mapping
from typing import Any

Score = Mapping[str, Any]  # mean, low and high; each may be None

CLASS_METRICS = ("macro_f1", "balanced_accuracy", "kappa", "auroc", "pauroc")
VALUE_METRICS = ("mae", "r", "rmse", "r2", "icc")


def leading_metric(classify: bool) -> str:
    """Return the metric that figures and headlines show."""
    return "macro_f1" if classify else "mae"


def find_metric(metrics: Mapping[str, Score], metric: str, target: str = "") -> Score:
    """Return the score under `target.metric`, or else under `metric`; {} where neither exists."""
    return metrics.get(f"{target}.{metric}") or metrics.get(metric) or {}


def present_metrics(classify: bool, target: str, rows: Iterable[Mapping[str, Score]]) -> list[str]:
    """Return the metrics of the task that some row has."""
    listed = list(rows)
    metrics = CLASS_METRICS if classify else VALUE_METRICS
    return [metric for metric in metrics if any(find_metric(row, metric, target) for row in listed)]


def bounds(score: Score) -> tuple[float | None, float | None, float | None]:
    """Return the value and the ends of its interval."""
    return score.get("mean"), score.get("low"), score.get("high")


def verdict(difference: Score, lower_is_better: bool = False) -> int | None:
    """Judge a paired difference by its interval.

    Returns:
        1 where the interval lies on the better side of 0, -1 where on the worse side, 0 where it holds 0;
        None without an interval.
    """
    low, high = difference.get("low"), difference.get("high")
    if low is None or high is None:
        return None
    side = 1 if low > 0 else -1 if high < 0 else 0
    return -side if lower_is_better else side
