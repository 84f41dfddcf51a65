"""Tables of what a probe scored."""

from collections.abc import Mapping
from typing import Any

from wearcli.reporting.elements import Html, element, join, table
from wearcli.reporting.study import Study
from wearcli.reporting.wording import PROBES, TITLES, interval, number, plain

_OF_CLASSES = (
    "macro-F1: the mean F1 of the classes; kappa: agreement beyond chance; AUROC: 0.5 is chance; "
    "Brier score and ECE (expected calibration error): of the probabilities, 0 is best."
)
_OF_VALUES = (
    "MAE, RMSE: mean absolute and root mean square error, in the unit of the target; R² below 0 is worse "
    "than the mean; ICC(2,1): absolute agreement; limits: of agreement, bias -+ 1.96 standard deviations. "
    "Mean: always the mean of the training people."
)
_NO_DIFFERENCE = ("bias", "loa_low", "loa_high")  # of which more or less is neither better


def cell(score: Mapping[str, Any] | None) -> Html:
    """A score over its interval."""
    if not score or score.get("mean") is None:
        return Html("–")
    told = interval(score)
    return join([number(score["mean"]), *([element("small", told)] if told else [])])


def score_tables(study: Study) -> list[Html]:
    """One table, or one a target: a row a probe, a column a metric."""
    return _tables(study, study.result.scores, "Scores", "[95 % interval over participants]")


def difference_tables(study: Study) -> list[Html]:
    """The paired differences to hand-made features, in figures."""
    differences = {
        probe: {metric: found for metric, found in metrics.items() if not metric.endswith(_NO_DIFFERENCE)}
        for probe, metrics in study.result.differences.items()
    }
    return _tables(study, differences, "Less hand-made features", "[95 % interval over participants]")


def score_notes(study: Study) -> str:
    """What the columns mean."""
    notes = (
        "Of all held-out predictions together, each by a probe that had not seen the person; in brackets the "
        "95 % interval of a bootstrap over participants. "
    )
    if not study.classify:
        return notes + _OF_VALUES
    notes += f"{_OF_CLASSES} Majority class: always the most frequent class of the training people."
    if positive := study.result.positive:
        notes += f" AUROC and pAUROC are of '{positive}'; pAUROC: up to 10 % false positives, 0.5 is chance."
    return notes


def class_table(study: Study) -> Html:
    """Samples, people and F1 of each class."""
    result = study.result
    probes = list(result.per_class)
    sizes: Mapping[str, Mapping[str, Any]] = result.class_samples
    rows = [
        [
            name,
            *(f"{sizes.get(name, {}).get(what, 0):,}" for what in ("samples", "participants")),
            *(number(result.per_class[probe][name]) for probe in probes),
        ]
        for name in result.classes
    ]
    head = ["class", "samples", "participants", *(PROBES.get(name, name) for name in probes)]
    return table("F1 of each class", head, rows)


def calibration_table(study: Study) -> Html:
    """Of each probe the errors of its probabilities, and the temperature that mends them."""
    caption = (
        "Probabilities of held-out people. Temperature: what the probe's logits are divided by, fitted "
        "inside the training folds"
    )
    rows = [
        [PROBES.get(name, name), *(number(each.get(key)) for key in ("ece", "brier", "temperature"))]
        for name, each in study.result.calibration.items()
    ]
    return table(caption, ["probe", "expected calibration error", "Brier score", "temperature"], rows)


def _tables(
    study: Study, scores: Mapping[str, Mapping[str, Mapping[str, Any]]], what: str, about: str
) -> list[Html]:
    """scores: by probe and metric; of several targets a metric is `target.metric`, of one it may be."""
    several = len(study.targets) > 1
    tables = []
    for target in study.targets:
        prefix = f"{target}."
        rows = {
            probe: {
                metric.removeprefix(prefix): score
                for metric, score in metrics.items()
                if metric.startswith(prefix) or not several
            }
            for probe, metrics in scores.items()
        }
        there = dict.fromkeys(metric for values in rows.values() for metric in values)
        metrics = [name for name in TITLES if name in there] + [name for name in there if name not in TITLES]
        tables.append(
            table(
                f"{what}: {plain(target)} {about}" if several else f"{what} {about}",
                ["probe", *(TITLES.get(metric, metric) for metric in metrics)],
                [
                    [PROBES.get(probe, probe), *(cell(values.get(metric)) for metric in metrics)]
                    for probe, values in rows.items()
                ],
            )
        )
    return tables
