"""`gait` without a probe: the measures of recordings, by bout and by day."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from wearcli.errors import UsageError, WearcliError, blamed_on
from wearcli.prediction.predict import Step
from wearcli.recordings.reading import Reading
from wearcli.recordings.study.discovery import find_recordings
from wearcli.recordings.study.sidecars import read_target_table
from wearcli.signals.gait.trunk import PLACEMENTS
from wearcli.signals.gait.walking import LEG_DEVIATION_G, LEG_REGULARITY, RUN_STRIDE_S
from wearcli.walking.measured import LOWER_BACK, MeasuredBouts
from wearcli.walking.result import GaitResult
from wearcli.walking.rule import THRESHOLDS

SPEED_NOTE = (
    "walking_speed_mps is a line on the vertical acceleration of the lower back: mean error .08 m/s in "
    "straight walks of 10 m (people left out), too high by about .2 m/s in slow short walks with turns"
)
RULE = {
    "by": "rule on the signal",
    **THRESHOLDS,
    "least_leg_regularity": LEG_REGULARITY,
    "least_leg_deviation_g": LEG_DEVIATION_G,
    "shortest_leg_stride_s": RUN_STRIDE_S,
}


def read_walks(path: Path) -> pd.DataFrame:
    """Return the walks of a table of intervals: recording, onset, duration (s).

    Raises:
        UsageError: There is no such file, or it has no such columns.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such table of intervals: name another with --intervals")
    table = read_target_table(path)
    if missing := [name for name in ("recording", "onset", "duration") if name not in table]:
        raise UsageError(
            f"{path}: no column {missing[0]}: walks have recording, onset and duration, in seconds"
        )
    return table.dropna(subset=["recording", "onset", "duration"])


def measured_rows(
    paths: list[Path],
    measured: MeasuredBouts,
    participant_from: str | None,
    reading: Reading,
    result: GaitResult,
    dry_run: bool,
    step: Step,
) -> Iterator[dict[str, object]]:
    """Yield the rows of bouts.csv of all recordings; one that cannot be read is named in `result`.

    Args:
        paths: Recordings and folders of them.
        measured: Measures recordings.
        participant_from: See `find_recordings`.
        reading: How the files are read.
        result: To which counts, failures and notes go.
        dry_run: Only plan.
        step: Is called with the number of recordings that are done, and of all.
    """
    reading = reading.for_signal("acc")
    reading.check()
    study = find_recordings(paths, participant_from=participant_from)
    result.notes += study.problems
    result.plan = [source.recording for source in study.sources]
    if dry_run:
        return
    elsewhere = set()
    for done, source in enumerate(study.sources):
        try:
            with blamed_on(source.path):
                yield from measured.rows(study.sisters.open(source, reading))
            result.recordings += 1
        except WearcliError as error:
            result.failed.append({"recording": source.recording, "error": str(error)})
        if source.placement not in PLACEMENTS:
            elsewhere.add(source.placement or "unknown")
        step(done + 1, len(study.sources))
    result.windows = measured.windows
    result.hours_recorded = measured.coverage.recorded_s / 3600
    result.hours_left_out = measured.coverage.left_out_hours()
    if elsewhere:
        result.notes.append(
            "step_regularity and step_symmetry are those of a trunk: empty for placement "
            f"{', '.join(sorted(elsewhere))}"
        )
    if any((source.placement or "").lower() in LOWER_BACK for source in study.sources):
        result.notes.append(SPEED_NOTE)
