"""`wearcli.predict`: a saved probe applied to recordings or to their embeddings."""

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from wearcli._version import __version__
from wearcli.embedding.result import Watcher
from wearcli.errors import InputError, UsageError
from wearcli.files import check_output
from wearcli.labels.gather import some
from wearcli.prediction.apply import Application, choose_probe
from wearcli.prediction.events import MARK
from wearcli.prediction.inputs import Inputs, recording_of, recording_tables
from wearcli.prediction.output import open_output, output_of, row_schema
from wearcli.prediction.result import PredictResult
from wearcli.prediction.rows import Rows
from wearcli.probing.saved import SavedProbe, load_probe
from wearcli.recordings.reading import Reading

AT_MOST = 4096  # windows of a recording at once
CALIBRATION = (
    "temperature scaling (Guo et al., ICML 2017), fitted on people held out inside the training folds"
)
INTERVAL = (
    "95 % prediction interval of one sample of a new person: the quantile of the absolute errors on people "
    "held out, each person weighing the same"
)


def predict(
    paths: Sequence[Path | str] | Path | str,
    probe: Path | str,
    output: Path | str | None = None,
    *,
    use: str | None = None,
    merge: bool = False,
    min_bout: float = 0.0,
    csv: bool = False,
    bids: bool = False,
    model: str | Path | None = None,
    keep_nonwear: bool = False,
    min_quality: float | None = None,
    participant_from: str | None = None,
    reading: Reading | None = None,
    workers: int | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    watcher: Watcher | None = None,
    step: Callable[[int, int | None], None] | None = None,
) -> PredictResult:
    """Apply a saved probe, and write a row a window, epoch or participant, as it was fitted (`apply_probe`).

    paths: recordings and folders of them, which are embedded first, or one embeddings table, or "-" for an
    Arrow stream of one on stdin. probe: a probe folder. output: .parquet or .csv, predictions.parquet if
    None; with `bids` a folder of events. use: which probe of the folder; the first if None.
    merge: a row a bout of equal neighbouring labels (`merge_bouts`), of which those shorter than `min_bout`
    seconds join a neighbour. model: name or folder, the model of the probe's name if None. keep_nonwear,
    min_quality: which windows are used; by default those that the probe was fitted on. dry_run: check, and
    write nothing. step: called with how many windows are done, and of how many where that is known. The
    others are as `wearcli.embed` has them.

    Probabilities are calibrated by temperature scaling, fitted on people held out inside the training folds;
    intervals are those of one sample of a new person, of errors on people held out.

    Raises UsageError for a probe that was fitted on another model, rate or window, and for arguments that
    cannot be; InputError for a damaged probe or table, and where no window can be used.
    """
    folder = Path(probe)
    saved = load_probe(folder)
    name = choose_probe(saved, use)
    target, form = output_of(None if output is None else Path(output), csv, bids)
    _check_merge(saved, merge, bids, min_bout)
    merge = merge or bids
    if not dry_run:
        check_output(target, overwrite, mark=MARK if bids else None)
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    arguments = {
        "paths": ["stdin" if str(path) == "-" else str(path) for path in given],
        "use": use,
        "merge": merge,
        "min_bout": min_bout,
        "model": None if model is None else str(model),
        "participant_from": participant_from,
        **(reading or Reading()).to_json(),
    }
    with recording_tables(
        given,
        saved,
        name,
        at_most=AT_MOST,
        model=model,
        participant_from=participant_from,
        reading=reading,
        workers=workers,
        scratch=target.absolute().parent,
        dry_run=dry_run,
        watcher=watcher,
    ) as inputs:
        stride_s = float(inputs.metadata.stride_s or 0.0)
        application = Application(saved, name, stride_s, keep_nonwear or None, min_quality)
        result = _begun(saved, application, folder, inputs, merge)
        nothing = inputs.embedded is not None and not inputs.embedded.output
        if dry_run or nothing:
            return result
        arguments |= {"keep_nonwear": application.keep_nonwear, "min_quality": application.min_quality}
        document = _document(result, arguments)
        schema = row_schema(saved, application.targets, merge)
        names = inputs.metadata.recordings_planned
        with open_output(target, form, schema, result.classes, document, names) as sink:
            rows = Rows(result, sink, stride_s, min_bout if merge else None)
            _apply(inputs, application, result, rows, step)
            result.left_out = dict(application.left_out)
            if not result.rows:
                raise InputError(_no_rows(inputs.name, result))
        rows.tell({one: saved.result.half_width(name, one) for one in application.targets})
        result.output = str(target)
    return result


def _check_merge(saved: SavedProbe, merge: bool, bids: bool, min_bout: float) -> None:
    flag = "--bids" if bids else "--merge"
    if (merge or bids) and saved.result.kind != "classification":
        raise UsageError(f"{flag}: bouts are of labels, and the probe predicts numbers: leave it out")
    if (merge or bids) and saved.result.level == "participant":
        raise UsageError(f"{flag}: the probe's rows are participants, which have no bouts: leave it out")
    if not 0 <= min_bout < float("inf"):
        raise UsageError(f"--min-bout {min_bout:g}: seconds, 0 or more")
    if min_bout and not (merge or bids):
        raise UsageError(f"--min-bout {min_bout:g}: for bouts alone: add --merge or --bids")


def _begun(
    saved: SavedProbe, application: Application, folder: Path, inputs: Inputs, merge: bool
) -> PredictResult:
    """The result before anything is predicted, with what is to be warned of."""
    fitted = saved.result
    row = "epoch" if application.sample_s else "window"
    result = PredictResult(
        task=fitted.task,
        kind=fitted.kind,
        probe=application.probe,
        folder=str(folder),
        model=dict(fitted.model),
        row="participant" if fitted.level == "participant" else row,
        epoch_s=application.sample_s,
        classes=fitted.classes,
        targets=application.targets,
        warnings=_warnings(saved, application, inputs),
    )
    if told := fitted.calibration.get(application.probe):
        result.calibration = {"method": CALIBRATION, "temperature": told["temperature"]}
    if inputs.embedded is not None:
        result.failed, result.plan = inputs.embedded.failed, list(inputs.embedded.plan)
    else:
        result.windows = inputs.windows or 0
    if merge:
        result.bouts = 0
    return result


def _warnings(saved: SavedProbe, application: Application, inputs: Inputs) -> list[str]:
    result, name, said = saved.result, application.probe, []
    fitted, now = saved.document.signal.stride_s, inputs.metadata.stride_s
    pooled = application.sample_s is not None or result.level == "participant"
    if pooled and fitted and now and abs(fitted - now) > 1e-6:
        said.append(
            f"{inputs.name}: a window every {now:g} s, and the probe was fitted on means of windows every "
            f"{fitted:g} s: means of more or fewer windows spread differently"
        )
    if result.kind == "classification" and name not in result.calibration:
        said.append("the probabilities are not calibrated: the probe is of an older wearcli: fit it again")
    bare = [t for t in application.targets if not result.half_width(name, t) >= 0]
    if result.kind == "regression" and bare:
        said.append(f"the probe knows no interval of {', '.join(bare)}: their columns are empty")
    if lacking := [t for t in result.targets if t not in application.targets]:
        said.append(f"the probe {name} could not be fitted for {', '.join(lacking)}: left out")
    return said


def _apply(
    inputs: Inputs,
    application: Application,
    result: PredictResult,
    rows: Rows,
    step: Callable[[int, int | None], None] | None,
) -> None:
    """Every recording's rows, at last those of participants; recordings without one are warned of."""
    result.windows = 0
    placements: set[str | None] = set()
    absent = set(inputs.metadata.recordings_planned)
    absent -= {one["recording"] for one in result.failed}
    bare = []
    for recording, tables in groupby(inputs.tables, recording_of):
        result.recordings += 1
        absent.discard(str(recording))
        for table in tables:
            if "placement" in table.column_names:
                placements |= {*table["placement"].unique().to_pylist()}
            rows.add(application.add(table))
            result.windows += len(table)
            if step is not None:
                step(result.windows, inputs.windows)
        rows.add(application.end())
        if not rows.end() and result.row != "participant":
            bare.append(str(recording))
    rows.add(application.people())
    rows.end()
    for names, why in ((absent, "have no windows"), (bare, "have no row: no window of theirs is used")):
        if names:
            result.warnings.append(f"{len(names)} recordings {why} ({some(names)})")
    if said := application.saved.elsewhere(placements):
        result.warnings.append(said)


def _no_rows(name: str, result: PredictResult) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in result.left_out.items())
    if not reasons:
        return f"{name}: no windows: see what 'wearcli embed' says of the recordings"
    return f"{name}: nothing can be predicted ({reasons})"


def _document(result: PredictResult, arguments: dict[str, Any]) -> dict[str, Any]:
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
