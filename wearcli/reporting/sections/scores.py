"""The scores of all probes, as tables."""

from wearcli.reporting.choice import Choice
from wearcli.reporting.page import Section
from wearcli.reporting.score_tables import metric_tables
from wearcli.reporting.study import Study

_CLASS_METRICS = (
    "macro-F1: the mean F1 of the classes; kappa: agreement beyond chance; AUROC: 0.5 is chance; "
    "Brier score and ECE (expected calibration error): of the probabilities, 0 is best."
)
_VALUE_METRICS = (
    "MAE, RMSE: mean absolute and root mean square error, in the unit of the target; R² below 0 is worse "
    "than the mean; ICC(2,1): absolute agreement; limits: limits of agreement, bias ± 1.96 standard "
    "deviations. Mean: always the mean of the training people."
)


def section(study: Study, choice: Choice) -> list[Section]:
    """Return one table, or one for each target: a row a probe, a column a metric."""
    tables = metric_tables(study, study.result.scores, "Scores")
    return [Section("scores", "Scores", [*tables, _notes(study)])]


def _notes(study: Study) -> str:
    """Explain the columns."""
    notes = (
        "All held-out predictions together, each by a probe that had not seen the person; in brackets the "
        "95 % interval of a bootstrap over participants. "
    )
    if not study.classify:
        return notes + _VALUE_METRICS
    notes += f"{_CLASS_METRICS} Majority class: always the most frequent class of the training people."
    if positive := study.result.positive:
        notes += f" AUROC and pAUROC are for '{positive}'; pAUROC: up to 10 % false positives, 0.5 is chance."
    return notes
