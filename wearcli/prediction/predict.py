"""`wearcli.predict`: a saved probe applied to recordings or to their embeddings."""

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from wearcli._version import __version__
from wearcli.embedding.result import Watcher
from wearcli.errors import InputError, UsageError
from wearcli.files import reserved
from wearcli.labels.coverage import Coverage
from wearcli.labels.gather import some
from wearcli.prediction.apply import Application, choose_probe
from wearcli.prediction.defaults import MIN_BOUT_S
from wearcli.prediction.events import MARK
from wearcli.prediction.inputs import EmbeddingOptions, Inputs, path_list, path_names, recording_tables
from wearcli.prediction.output import open_output, output_form, row_schema
from wearcli.prediction.regroup import recording_name
from wearcli.prediction.result import PredictResult
from wearcli.prediction.rows import Rows
from wearcli.probing.saved import SavedProbe, load_probe
from wearcli.recordings.reading import Reading
from wearcli.recordings.study.shards import Shard
from wearcli.words import counted

AT_MOST = 4096  # windows of a recording at once
_LOG = logging.getLogger(__name__)
CALIBRATION = (
    "temperature scaling (Guo et al., ICML 2017), fitted on people held out inside the training folds"
)
INTERVAL = (
    "95 % prediction interval of one sample of a new person: the quantile of the absolute errors on people "
    "held out, each person weighing the same"
)
Step = Callable[
    [int, int | None], None
]  # is called with the windows that are done, and all where that is known


def predict(
    paths: Sequence[Path | str] | Path | str,
    probe: Path | str,
    output: Path | str | None = None,
    *,
    use: str | None = None,
    merge: bool = False,
    min_bout: float = MIN_BOUT_S,
    csv: bool = False,
    bids: bool = False,
    model: str | Path | None = None,
    keep_nonwear: bool = False,
    min_quality: float | None = None,
    participant_from: str | None = None,
    reading: Reading | None = None,
    workers: int | None = None,
    shard: Shard | str | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    watcher: Watcher | None = None,
    step: Step | None = None,
) -> PredictResult:
    """Apply a saved probe, and write a row a window, epoch or participant, as the probe was fitted.

    The columns are those of `apply_probe`. Probabilities are calibrated by temperature scaling, fitted on
    people held out inside the training folds; intervals are those of one sample of a new person, from errors
    on people held out.

    Args:
        paths: Recordings and folders of them, which are embedded first, or one embeddings table, or "-" for
            an Arrow stream of one on stdin.
        probe: A probe folder.
        output: .parquet or .csv, or with `bids` a folder. Default: predictions.parquet.
        use: Which probe of the folder. Default: the first one.
        merge: Write a row a bout of equal neighbouring labels (`merge_bouts`).
        min_bout: Bouts of fewer seconds join a neighbour.
        csv: Write CSV.
        bids: Write bouts as BIDS events.
        model: Name or folder of the model. Default: the model of the probe's name.
        keep_nonwear: Use windows that were worn for less than half of their time. Default: as when the probe
            was fitted.
        min_quality: Leave out windows of a lower quality, 0 to 1. Default: as when the probe was fitted.
        participant_from: See `wearcli.embed`.
        reading: How the files are read.
        workers: Number of threads.
        shard: Take these recordings of the study alone, such as 3/64. `output` is then a folder, and the file
            in it is called predictions-3-of-64.
        overwrite: Replace an output that exists already.
        dry_run: Check, and write nothing.
        watcher: Watches the embedding.
        step: Is called with the number of windows that are done, and of all where that is known.

    Returns:
        What was predicted, and what was left out.

    Raises:
        UsageError: The probe was fitted on another model, rate or window, or the arguments cannot be.
        InputError: The probe or the table is damaged, or no window can be used.

    Example:
        >>> result = wearcli.predict("recordings", "probes/activity", "activity.csv")  # doctest: +SKIP
        >>> result.hours["walking"]  # doctest: +SKIP
    """
    saved = load_probe(Path(probe))
    name = choose_probe(saved, use)
    shard = Shard.parse(shard) if isinstance(shard, str) else shard
    if shard is not None and saved.result.level == "participant":
        raise UsageError(
            f"--shard {shard}: the probe's rows are participants, whose recordings may be in several shards: "
            "embed with --shard, and give the folder of parts"
        )
    target, form = output_form(None if output is None else Path(output), csv, bids, shard)
    _check_merge(saved, merge, bids, min_bout)
    merge = merge or bids
    given = path_list(paths)
    arguments = {
        "paths": path_names(given),
        "use": use,
        "merge": merge,
        "min_bout": min_bout,
        "model": None if model is None else str(model),
        "participant_from": participant_from,
        **(reading or Reading()).to_json(),
    }
    options = EmbeddingOptions(model, participant_from, reading, workers, watcher, shard=shard)
    with (
        reserved(None if dry_run else target, overwrite, mark=MARK if bids else None),
        recording_tables(
            given, saved, name, at_most=AT_MOST, options=options, output=target, dry_run=dry_run
        ) as inputs,
    ):
        application = Application(saved, name, inputs.stride_s, keep_nonwear or None, min_quality)
        result = _empty_result(application, Path(probe), inputs, merge)
        if dry_run or inputs.empty:
            return result
        arguments |= {"keep_nonwear": application.keep_nonwear, "min_quality": application.min_quality}
        document = _document(result, arguments)
        schema = row_schema(saved, application.targets, merge)
        names = inputs.metadata.recordings_planned
        with open_output(target, form, schema, result.classes, document, names) as sink:
            rows = Rows(result, sink, inputs.stride_s, min_bout if merge else None)
            _apply(inputs, application, result, rows, step or (lambda done, total: None))
            result.left_out = dict(application.left_out)
            if not result.rows:
                raise InputError(_no_rows(inputs.name, result))
        rows.sum_up({one: saved.result.half_width(name, one) for one in application.targets})
        result.output = str(target)
    return result


def _check_merge(saved: SavedProbe, merge: bool, bids: bool, min_bout: float) -> None:
    flag = "--bids" if bids else "--merge"
    if (merge or bids) and saved.result.kind != "classification":
        raise UsageError(f"{flag}: bouts need labels, and the probe predicts numbers: leave it out")
    if (merge or bids) and saved.result.level == "participant":
        raise UsageError(f"{flag}: the probe's rows are participants, which have no bouts: leave it out")
    if not 0 <= min_bout < float("inf"):
        raise UsageError(f"--min-bout {min_bout:g}: seconds, 0 or more")
    if min_bout and not (merge or bids):
        raise UsageError(f"--min-bout {min_bout:g}: for bouts alone: add --merge or --bids")


def _empty_result(application: Application, folder: Path, inputs: Inputs, merge: bool) -> PredictResult:
    """The result before anything is predicted, with its warnings."""
    fitted = application.saved.result
    row = "epoch" if application.sample_s else "window"
    result = PredictResult(
        task=fitted.task,
        kind=fitted.kind,
        probe=application.probe,
        folder=str(folder),
        model=fitted.model,
        row="participant" if fitted.level == "participant" else row,
        epoch_s=application.sample_s,
        classes=fitted.classes,
        targets=application.targets,
        warnings=_warnings(application, inputs),
    )
    if calibration := fitted.calibration.get(application.probe):
        result.calibration = {"method": CALIBRATION, "temperature": calibration["temperature"]}
    if inputs.embedded is not None:
        result.failed, result.plan = inputs.embedded.failed, list(inputs.embedded.plan)
    else:
        result.windows = inputs.windows or 0
    if merge:
        result.bouts = 0
    return result


def _warnings(application: Application, inputs: Inputs) -> list[str]:
    """What is unusual about the probe, or about these inputs for it."""
    result, name, warnings = application.saved.result, application.probe, []
    fitted_s, now_s = application.saved.document.signal.stride_s, inputs.metadata.stride_s
    pooled = application.sample_s is not None or result.level == "participant"
    if pooled and fitted_s and now_s and abs(fitted_s - now_s) > 1e-6:
        warnings.append(
            f"{inputs.name}: a window every {now_s:g} s, and the probe was fitted on means of windows every "
            f"{fitted_s:g} s: means of more or fewer windows spread differently"
        )
    if result.kind == "classification" and name not in result.calibration:
        warnings.append(
            "the probabilities are not calibrated: an older wearcli fitted the probe; fit it again"
        )
    bare = [target for target in application.targets if not result.half_width(name, target) >= 0]
    if result.kind == "regression" and bare:
        warnings.append(f"the probe has no interval of {', '.join(bare)}: their columns are empty")
    if lacking := [target for target in result.targets if target not in application.targets]:
        warnings.append(f"the probe {name} could not be fitted for {', '.join(lacking)}: left out")
    return warnings


def _apply(inputs: Inputs, application: Application, result: PredictResult, rows: Rows, step: Step) -> None:
    """Add the rows of every recording, at last those of participants; warn of recordings without a row."""
    result.windows = 0
    placements: set[str | None] = set()
    absent = set(inputs.metadata.recordings_planned)
    absent -= {failure["recording"] for failure in result.failed}
    bare = []
    coverage = Coverage(application.keep_nonwear, application.min_quality, inputs.stride_s)
    for recording, tables in groupby(inputs.tables, recording_name):
        result.recordings += 1
        absent.discard(str(recording))
        for table in tables:
            if "placement" in table.column_names:
                placements |= {*table["placement"].unique().to_pylist()}
            coverage.add(table)
            rows.add(application.add(table))
            result.windows += len(table)
            step(result.windows, inputs.windows)
        coverage.end(inputs.extents.get(str(recording)))
        rows.add(application.end())
        _LOG.info("%s: %d windows and %d rows so far", recording, result.windows, result.rows)
        if not rows.end() and result.row != "participant":
            bare.append(str(recording))
    rows.add(application.people())
    rows.end()
    result.hours_recorded, result.hours_used = coverage.recorded_s / 3600, coverage.used_s / 3600
    result.hours_left_out = coverage.left_out_hours()
    for names, why in ((absent, "without windows"), (bare, "without a row: no window is used")):
        if names:
            result.warnings.append(f"{counted(len(names), 'recording')} {why} ({some(names)})")
    if warning := application.saved.elsewhere(placements):
        result.warnings.append(warning)


def _no_rows(name: str, result: PredictResult) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in result.left_out.items())
    if not reasons:
        return f"{name}: no windows: see the messages of 'wearcli embed'"
    return f"{name}: nothing can be predicted ({reasons})"


def _document(result: PredictResult, arguments: Mapping[str, object]) -> dict[str, object]:
    """What made the predictions, for the output's metadata."""
    return {
        "version": __version__,
        "task": result.task,
        "kind": result.kind,
        "probe": {"folder": Path(result.folder).name, "used": result.probe},
        "model": result.model,
        "classes": result.classes,
        "targets": result.targets,
        "row": "bout" if arguments["merge"] else result.row,
        "epoch_s": result.epoch_s,
        "calibration": result.calibration,
        "interval": INTERVAL if result.kind == "regression" else None,
        "arguments": arguments,
    }
