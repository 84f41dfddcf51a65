"""The linear probe: L2 logistic regression of classes, ridge regression of numbers."""

from wearcli.probing.kinds.dense import DensePredictor
from wearcli.probing.kinds.kind import Fit, ProbeKind, Training
from wearcli.probing.kinds.logistic import fit_logistic
from wearcli.probing.kinds.ridge import fit_ridge


def fit(training: Training) -> list[Fit]:
    """Fit the probe, see `logistic` and `ridge`."""
    words = (training.vectors, training.truth, training.participants, training.rng)
    if training.classify:
        return [Fit(*fit_logistic(*words))]
    predictor, penalties = fit_ridge(*words)
    return [Fit(predictor.only(target), l2) for target, l2 in enumerate(penalties.tolist())]


KIND = ProbeKind(
    title="linear probe",
    hyperparameter="l2",
    protocol="penalty chosen by inner folds by participant",
    fit=fit,
    load=DensePredictor.from_arrays,
)
