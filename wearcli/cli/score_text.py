"""How scores are written for people: names of metrics, three digits, intervals in brackets."""

from collections.abc import Mapping
from typing import Any

TITLES = {
    "macro_f1": "macro-F1",
    "balanced_accuracy": "balanced accuracy",
    "kappa": "kappa",
    "auroc": "AUROC",
    "pauroc": "pAUROC 10 %",
    "r": "r",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R2",
    "icc": "ICC",
    "bias": "bias",
    "limits": "limits",
}


def mean_text(score: Mapping[str, Any]) -> str:
    """A score or a difference, without its interval."""
    return number_text(score["mean"])


def number_text(value: float | None) -> str:
    """A number, or a dash where there is none."""
    return "-" if value is None else short(value)


def interval_text(score: Mapping[str, Any]) -> str:
    """Its interval in brackets, nothing where there is none."""
    if score["mean"] is None or score["low"] is None:
        return ""
    return f"[{short(score['low'])}, {short(score['high'])}]"


def short(value: float) -> str:
    """Three digits and no leading zero: .746, -.031, 12.3, 108."""
    if abs(value) >= 99.95:
        return f"{value:.0f}"
    if abs(value) >= 9.995:
        return f"{value:.1f}"
    if abs(value) >= 0.9995:
        return f"{value:.2f}"
    return f"{value:.3f}".replace("0.", ".", 1).replace("-.000", ".000")
