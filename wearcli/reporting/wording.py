"""Numbers and metrics as people read them, in figures, tables and sentences."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from wearcli.probing.kinds import FEATURES, KINDS, load_kind

TITLES = {
    "macro_f1": "macro-F1",
    "balanced_accuracy": "balanced accuracy",
    "kappa": "kappa",
    "auroc": "AUROC",
    "pauroc": "pAUROC 10 %",
    "brier": "Brier score",
    "ece": "ECE",
    "r": "r",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R²",
    "icc": "ICC(2,1)",
    "bias": "bias",
    "loa_low": "lower limit",
    "loa_high": "upper limit",
}
PROBES = {
    **{name: load_kind(name).title for name in KINDS},
    FEATURES: "hand-made features",
    "majority": "majority class",
    "mean": "mean",
}


def number(value: float | None) -> str:
    """Write three digits: 0.746, -0.031, 12.3, 1,080; one where three would be 0.000; a dash for none."""
    if value is None or value != value:
        return "–"
    for limit, digits in ((99.95, 0), (9.995, 1), (0.9995, 2), (0.0005, 3)):
        if abs(value) >= limit:
            return f"{value:,.{digits}f}"
    # The end of an interval must show on which side of zero it lies.
    return f"{value:.1g}" if abs(value) > 1e-9 else "0.000"


def interval(score: Mapping[str, Any]) -> str:
    """Write the interval of a score in brackets; nothing where there is none."""
    if score.get("mean") is None or score.get("low") is None:
        return ""
    return f"[{number(score['low'])}, {number(score['high'])}]"


def with_interval(score: Mapping[str, Any]) -> str:
    """Write a score and its interval, such as 0.859 [0.804, 0.911]."""
    return f"{number(score.get('mean'))} {interval(score)}".strip()


def percent(share: float) -> str:
    """Write a share in %: 1.3 %; from ten on without decimals: 85 %."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    return f"{100 * share:.0f} %" if share >= 0.0995 or share == 0 else f"{100 * share:.1f} %"


def count(amount: int, noun: str, plural: str | None = None) -> str:
    """Write a number of things: 1 sample, 2,000 samples; 2 classes with a `plural`."""
    return f"{amount:,} {noun if amount == 1 else plural or noun + 's'}"


def listed(words: Iterable[str]) -> str:
    """Join words: a, b and c."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


_SLUG = 40  # signs of a name in the name of a file, which has 255 bytes at most


def plain(name: str) -> str:
    """Write a column's name as words: walking_speed_mps becomes walking speed (m/s)."""
    stem, _, unit = name.rpartition("_")
    units = {"s": "s", "ms": "ms", "mps": "m/s", "pct": "%", "spm": "steps/min", "bpm": "beats/min"}
    if stem and unit in units:
        return f"{stem.replace('_', ' ')} ({units[unit]})"
    return name.replace("_", " ")


def slug(name: str) -> str:
    """Return the name as part of a file's name or an id."""
    return re.sub(r"[^A-Za-z0-9]+", "_", name)[:_SLUG].strip("_").lower() or "x"
