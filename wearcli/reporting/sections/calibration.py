"""Calibration: how often predictions of a confidence are right (reliability diagram)."""

from wearcli.probing.records import Calibration
from wearcli.reporting.choice import Choice
from wearcli.reporting.drawing import NARROW, Drawing, new_figure
from wearcli.reporting.elements import Html, table
from wearcli.reporting.page import Section
from wearcli.reporting.palette import MUTED, PAGE, colour, marker
from wearcli.reporting.palette import PROBES as STYLES
from wearcli.reporting.study import Study
from wearcli.reporting.wording import PROBES, count, number, percent

_FEW = 20  # with fewer samples a share is chance
_MISSING = (
    "This probe folder has no calibration: fit the probe again with this version of wearcli to have it."
)


def section(study: Study, choice: Choice) -> list[Section]:
    """Return the diagram and the table; nothing for a regression."""
    if not study.classify:
        return []
    section = Section("calibration", "Calibration")
    calibration = study.result.calibration.get(study.probe)
    if calibration:
        section.blocks.append([draw_calibration(calibration, study.probe), _calibration_table(study)])
    else:
        section.left_out.append("calibration: the probe folder has none")
        section.blocks.append(_MISSING)
    return [section]


def draw_calibration(calibration: Calibration, probe: str) -> Drawing:
    """Draw the share of right predictions by confidence, and below it the number of samples."""
    bins = [row for row in calibration["bins"] if row["samples"]]
    own = colour(STYLES[probe])
    figure = new_figure(NARROW, NARROW + 40)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    confidence = [row["confidence"] for row in bins]
    upper.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle="--", label="perfect")
    upper.plot(confidence, [row["accuracy"] for row in bins], color=own, label=PROBES[probe])
    for row in bins:
        upper.plot(
            row["confidence"],
            row["accuracy"],
            color=own,
            marker=marker(STYLES[probe]),
            markersize=5,
            markerfacecolor=PAGE if row["samples"] < _FEW else own,
        )
    upper.set(ylabel="share that was right", ylim=(-0.02, 1.02), xlim=(0, 1.02))
    upper.legend(loc="upper left")
    lower.bar(confidence, [row["samples"] for row in bins], width=0.03, color=own)
    lower.set(xlabel="confidence: probability of the predicted class", ylabel="samples")
    for axes in (upper, lower):
        axes.yaxis.label.set_rotation_mode("anchor")
    words = "; ".join(
        f"{percent(row['confidence'])}: {percent(row['accuracy'])} of {count(row['samples'], 'sample')}"
        for row in bins
    )
    errors = f"Expected calibration error {number(calibration['ece'])}, Brier score "
    errors += number(calibration["brier"])
    return Drawing(
        "calibration",
        "Calibration",
        figure,
        f"{errors}. Confidence, and share that was right: {words}.",
        "On the dashed line, 70 of 100 predictions with a confidence of 70 % are right. "
        f"{errors} (0 is best for both), for people not seen. Hollow: fewer than {_FEW} samples.",
    )


def _calibration_table(study: Study) -> Html:
    """Return the errors of each probe's probabilities, and the temperature that mends them."""
    caption = (
        "Probabilities of held-out people. Temperature: the probe's logits are divided by it; it is fitted "
        "inside the training folds"
    )
    rows = [
        [PROBES.get(name, name), *map(number, (row["ece"], row["brier"], row.get("temperature")))]
        for name, row in study.result.calibration.items()
    ]
    return table(caption, ["probe", "expected calibration error", "Brier score", "temperature"], rows)
