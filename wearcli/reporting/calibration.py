"""The reliability diagram: how often what was said with a confidence was so."""

from wearcli.probing.records import Calibration
from wearcli.reporting.drawing import NARROW, Drawing, new_figure
from wearcli.reporting.palette import MUTED, PAGE, colour, marker
from wearcli.reporting.palette import PROBES as STYLES
from wearcli.reporting.wording import PROBES, count, number, percent

_FEW = 20  # samples below which a share is chance


def draw_calibration(about: Calibration, probe: str) -> Drawing:
    """about: {bins: [{confidence, accuracy, samples}], ece, brier} of held-out predictions."""
    bins = [each for each in about["bins"] if each["samples"]]
    figure = new_figure(NARROW, NARROW + 40)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    confidence = [each["confidence"] for each in bins]
    upper.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle="--", label="as said")
    upper.plot(
        confidence,
        [each["accuracy"] for each in bins],
        color=colour(STYLES[probe]),
        label=PROBES[probe],
    )
    for each in bins:
        face = PAGE if each["samples"] < _FEW else colour(STYLES[probe])
        upper.plot(
            each["confidence"],
            each["accuracy"],
            color=colour(STYLES[probe]),
            marker=marker(STYLES[probe]),
            markersize=5,
            markerfacecolor=face,
        )
    upper.set(ylabel="share that was right", ylim=(-0.02, 1.02), xlim=(0, 1.02))
    upper.legend(loc="upper left")
    lower.bar(confidence, [each["samples"] for each in bins], width=0.03, color=colour(STYLES[probe]))
    lower.set(xlabel="confidence: probability of the predicted class", ylabel="samples")
    for axes in (upper, lower):
        axes.yaxis.label.set_rotation_mode("anchor")
    told = [
        f"{percent(each['confidence'])}: {percent(each['accuracy'])} of {count(each['samples'], 'sample')}"
        for each in bins
    ]
    errors = f"Expected calibration error {number(about['ece'])}, Brier score {number(about['brier'])}"
    return Drawing(
        "calibration",
        "Calibration",
        figure,
        f"{errors}. Said with a confidence, and right: {'; '.join(told)}.",
        "On the dashed line, what is said with 70 % is so in 70 of 100. "
        f"{errors} (0 is best for both), of people not seen. "
        f"Hollow: of fewer than {_FEW} samples.",
    )
