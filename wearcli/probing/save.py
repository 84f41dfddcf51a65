"""The probe folder of a result: its document, weights and held-out predictions."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from wearcli._version import __version__
from wearcli.files import content_sha256
from wearcli.labels.samples import Samples
from wearcli.labels.sets import TaskSamples
from wearcli.probing.crossfit import CrossFits
from wearcli.probing.document import ProbeDocument, SampleInput, Signal
from wearcli.probing.kinds import FEATURES, load_kind
from wearcli.probing.options import ProbeOptions
from wearcli.probing.predictions import Predictions, predictions_table
from wearcli.probing.result import ProbeResult
from wearcli.probing.saved import save_probe, versions

PROTOCOL = (
    "folds by participant; {chosen}; mean: score over all "
    "held-out predictions pooled; low, high: 95 % percentile interval of a bootstrap over participants; "
    "folds: each fold's own score; features: the linear probe on hand-made features, same folds; pauroc: the "
    "area for false positive rates to 0.1, standardised to 0.5 for chance and 1 for the best (McClish 1989); "
    "probabilities: logits divided by a temperature fitted on people held out inside the training folds (Guo "
    "et al. 2017); auroc, pauroc: by those before it, probabilities ** temperature over their sum; brier, "
    "ece: of the probabilities of held-out people; intervals: the 95 % band of a new person's sample, from "
    "the errors of held-out people, every participant weighing the same, its coverage measured on folds left "
    "out of it"
)
LEFT_OUT = (
    "; left out by {by}: a probe that is scored on one {by} is fitted on the others, of other people; folds: "
    "each {by}'s own score"
)
TESTED = "; test: scored on the outside set alone, by probes fitted on everybody who is not in it"


def save_result(
    folder: Path,
    result: ProbeResult,
    options: ProbeOptions,
    gathered: TaskSamples,
    fitted: CrossFits,
    predictions: Sequence[Predictions],
) -> None:
    """Write the probe folder, whole or not at all.

    Args:
        folder: The probe folder.
        result: The scores.
        options: The arguments of `wearcli.probe`.
        gathered: The samples of the task.
        fitted: The fits.
        predictions: The held-out predictions.
    """
    metadata = gathered.metadata
    document = ProbeDocument(
        result,
        wearcli=__version__,
        protocol=_protocol(result, options, fitted),
        signal=Signal(**{field.name: getattr(metadata, field.name) for field in fields(Signal)}),
        input=_sample_input(result, gathered.samples),
        labels={str(path): content_sha256(path) for path in gathered.task.paths},
        versions=versions(),
        arguments=options,
    )
    predictors = {
        (probe, result.targets[place]): fits.everybody
        for (probe, place), fits in fitted.items()
        if fits.everybody is not None
    }
    save_probe(folder, document, predictors, predictions_table(predictions, result.classes or None))


def _protocol(result: ProbeResult, options: ProbeOptions, fitted: CrossFits) -> str:
    """Return in words how the probes were fitted and scored."""
    chosen = dict.fromkeys(load_kind(probe).protocol for probe, _ in fitted)
    protocol = PROTOCOL.format(chosen=", ".join(chosen))
    if options.leave_out:
        protocol += LEFT_OUT.format(by=options.leave_out)
    return protocol + (TESTED if result.tested else "")


def _sample_input(result: ProbeResult, samples: Samples) -> SampleInput:
    """Return what a sample is for the probes."""
    sizes = {name: int(values.shape[1]) for name, values in samples.vectors.items()}
    placements = samples.rows["placement"].dropna() if "placement" in samples.rows else ()
    return SampleInput(
        dimension=sizes["embedding"],
        features_dimension=sizes.get(FEATURES),
        pooling=_pooling(result),
        placements=sorted({str(placement) for placement in placements}),
        epoch_s=result.epoch,
        sample_s=round(float(samples.rows["duration"].median()), 6),
    )


def _pooling(result: ProbeResult) -> str | None:
    """Return how the vectors of several windows became those of a sample."""
    if result.level == "participant":
        return "mean of a participant's windows"
    pooled = result.epoch is not None or result.kind == "regression"
    return "mean of an epoch's windows" if pooled else None
