"""Pretraining from end to end: recordings or window stores in, a run folder with a model out."""

import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import wearcli
from wearcli.encoders import build
from wearcli.errors import InputError, UsageError
from wearcli.files import atomic_folder, check_output
from wearcli.signals.store import WindowStore
from wearcli.training.curves import draw_curves
from wearcli.training.data import TrainingData
from wearcli.training.device import choose_device, has_bf16
from wearcli.training.distance import FOLDER, copy_distance, find_distance, learn_distance, load_distance
from wearcli.training.distributed import agree_text, first, joined
from wearcli.training.export import write_model
from wearcli.training.labels import check_labels, label_windows
from wearcli.training.loop import Report, fit
from wearcli.training.methods import METHODS, relcon, supervised
from wearcli.training.monitor import Monitor
from wearcli.training.sampler import TRAIN, VALIDATION
from wearcli.training.settings import VALIDATION_BATCHES, Settings, with_defaults
from wearcli.training.stores import Failed, check_paths, is_store, open_stores, window_spec
from wearcli.training.tensorboard import check_tensorboard, event_files
from wearcli.training.watch import begin_watch, check_watch, open_watch

DEFAULT_STEPS = 10_000
PARITY_WINDOWS = 512
Paths = Sequence[str | Path] | str | Path


def pretrain(
    paths: Paths = (),
    output: str | Path | None = None,
    *,
    resume: str | Path | None = None,
    overwrite: bool = False,
    device: str = "auto",
    workers: int | None = None,
    report: Report = lambda done, metrics: None,
    say: Callable[[str], None] = lambda message: None,
    **options: Any,
) -> dict[str, Any]:
    """Train an encoder and export it as a model folder.

    Args:
        paths: recordings, folders of them, or window stores.
        output: the run folder; by default runs/<method>-<encoder>, numbered where that is taken.
        resume: a run folder to go on with, exactly as it was set; leave out paths, output and options.
        device, workers: auto, cpu or cuda; CPU threads, by default torch's own choice: all cores.
        report: told the share that is done and each line of the log. say: told each line for people.
        options: of `Settings`: method, encoder, steps, minutes, batch, lr, rate, window, seed, ...

    Returns method, steps, seconds, anchors_per_s, loss, run; also model, validation_loss,
    effective_rank, `collapsed` (at some validation), `ended` (steps, minutes or patience) and `failed`, the
    recordings that could not be read. Raises UsageError and InputError; after Ctrl-C a checkpoint is saved
    and KeyboardInterrupt raised.
    """
    if workers is not None:
        torch.set_num_threads(workers)  # for the whole process
    with joined(choose_device(device)) as where:
        if not first():
            report, say = (lambda done, metrics: None), (lambda message: None)
        run, failed = start(paths, output, resume, overwrite, where, options, say)
        return train_run(run, failed, where, report, say)


def start(
    paths: Paths,
    output: str | Path | None,
    resume: str | Path | None,
    overwrite: bool,
    device: torch.device,
    options: dict[str, Any],
    say: Callable[[str], None],
) -> tuple[Path, Failed]:
    """Make or find the run's folder, the first process for all; also what could not be read."""
    name, failed = "", []
    try:
        if first():
            run, settings = settle(paths, output, resume, overwrite, device, options)
            if resume is None:
                # Whole or not at all, in place of an earlier run: that one stays where this cannot begin.
                with atomic_folder(run) as fresh:
                    failed = begin(fresh, settings, device, say)
            else:
                failed = open_stores(settings, run / "windows", say)[1]
            name = str(run)
    finally:
        name = agree_text(device, name)
    if not name:
        raise InputError("the first process could not begin: see what it says")
    return Path(name), failed


def train_run(
    run: Path,
    failed: Failed,
    device: torch.device,
    report: Report,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Train as the run's config.toml says, to its end, and export; see `pretrain`."""
    settings = Settings.read(run / "config.toml")
    stores, _ = open_stores(settings, run / "windows", say)
    data = TrainingData(stores)
    if settings.method == "supervised":
        label_windows(data, settings)
    objective = build_objective(settings, data)
    train, aside = data.split(settings.validation, settings.seed)

    sets = data.describe(train)
    if settings.method == "supervised":
        classes = supervised.classes_of(data, settings)
        sets = [{**each, "classes": classes[str(each["name"])]} for each in sets]
    say(f"{len(train):,} windows train, {len(aside):,} of other people validate: {_people(sets)}")
    say(f"{device.type}, {settings.precision}, run folder {run}")

    with shown(run, settings, report, say) as report:
        if settings.method == "relcon":
            say(f"stage 1: the distance, {settings.distance_steps} steps, in {run / FOLDER}")
            about = learn_distance(run, settings, data, train, aside, device, staged(report, "distance"))
            if settings.stage == "distance":
                done = ("steps", "seconds", "loss", "validation_loss", "best_step")
                told = {"method": settings.method, "stage": "distance", **{key: about[key] for key in done}}
                return {**told, "run": str(run), "failed": failed}
            load_distance(objective.get_submodule("distance"), run / FOLDER)
            say("stage 2: the encoder")
        drawer = METHODS[settings.method].drawer
        draw = drawer(data, train, settings, TRAIN)
        held = drawer(data, aside, settings, VALIDATION) if len(aside) else None
        fixed = [held(n) for n in range(VALIDATION_BATCHES)] if held else []
        monitor = Monitor(data, aside if len(aside) > 1 else train, settings.seed)
        watch = None
        if settings.watch and first():
            watch = open_watch(settings, run / "watch", stores[0].settings, say)
        progress, weights = fit(
            objective, draw, fixed, run, settings, device, report, monitor=monitor, watch=watch, say=say
        )

    objective.load_state_dict(weights)
    result = {
        "method": settings.method,
        "steps": progress.step,
        "seconds": round(progress.seconds, 3),
        "anchors_per_s": round(progress.step * settings.batch / max(progress.seconds, 1e-9), 1),
        "loss": progress.loss,
        "validation_loss": progress.best_loss,
        "best_step": progress.best_step or progress.step,
        "effective_rank": progress.effective_rank,
        "collapsed": progress.collapsed,
        "ended": progress.ended,
    }
    if first():
        rng = np.random.default_rng(settings.seed)
        some = data.take(np.sort(rng.choice(train, min(PARITY_WINDOWS, len(train)), replace=False)))
        config = model_config(settings, stores[0], sets, result)
        write_model(objective.get_submodule("encoder"), run / "model", config, some)
    return {**result, "run": str(run), "model": str(run / "model"), "failed": failed}


def staged(report: Report, stage: str) -> Report:
    """`report` with the stage's name in each line."""
    return lambda done, metrics: report(done, {**metrics, "stage": stage})


@contextmanager
def shown(run: Path, settings: Settings, report: Report, say: Callable[[str], None]) -> Iterator[Report]:
    """Gives a `report` that writes event files too where they were asked for; draws the curves at the end.

    At whatever end: a run that was stopped or failed shows how far it came.
    """
    with ExitStack() as stack:
        if first():
            stack.callback(draw_curves, run, say)
        if not settings.tensorboard or not first():
            yield report
            return
        write = stack.enter_context(event_files(run / "tensorboard"))

        def both(done: float, metrics: dict[str, Any]) -> None:
            write(metrics)
            report(done, metrics)

        yield both


def plan(
    paths: Paths = (),
    output: str | Path | None = None,
    *,
    resume: str | Path | None = None,
    overwrite: bool = False,
    device: str = "auto",
    **options: Any,
) -> dict[str, Any]:
    """What `pretrain` would do with the same arguments; nothing is written."""
    where = choose_device(device)
    run, settings = settle(paths, output, resume, overwrite, where, options)
    stores = [WindowStore.open(Path(path)) for path in settings.paths if is_store(Path(path))]
    spec = window_spec(settings, stores)
    encoder = build(settings.encoder, samples=spec.samples, revin=settings.revin)
    return {
        "run": str(run),
        "paths": list(settings.paths),
        "method": settings.method,
        "encoder": settings.encoder,
        "parameters": sum(p.numel() for p in encoder.parameters()),
        "rate_hz": spec.rate_hz,
        "window_s": spec.window_s,
        "windows_in_stores": sum(len(store) for store in stores),
        "steps": settings.steps,
        "minutes": settings.minutes,
        "epochs": settings.epochs,
        "device": where.type,
        "precision": settings.precision,
    }


def settle(
    paths: Paths,
    output: str | Path | None,
    resume: str | Path | None,
    overwrite: bool,
    device: torch.device,
    options: dict[str, Any],
) -> tuple[Path, Settings]:
    """The run folder and the settings, checked, with what was left open chosen: length and precision."""
    if resume is not None:
        settings = Settings.read(Path(resume) / "config.toml")
        check_paths(settings)
        check_labels(settings)
        check_watch(settings)
        check_tensorboard(settings)
        return Path(resume), settings
    several = [paths] if isinstance(paths, str | Path) else paths
    settings = Settings(**with_defaults({**options, "paths": tuple(map(str, several))}))
    settings.check()
    check_paths(settings)
    if settings.distance is not None:
        find_distance(Path(settings.distance))
    check_labels(settings)
    check_watch(settings)
    check_tensorboard(settings)
    if settings.steps is None and settings.minutes is None and settings.epochs is None:
        settings = replace(settings, steps=DEFAULT_STEPS)
    if settings.precision == "auto":
        settings = replace(settings, precision="bf16" if has_bf16(device) else "fp32")
    run = Path(output) if output is not None else free_run(settings)
    check_output(run, overwrite, mark="config.toml")
    if run.exists() and any(run.iterdir()) and not is_run(run):
        raise UsageError(f"{run}: its config.toml is no run's, so it is not replaced: use another -o")
    tables = [text.rpartition("=")[2] for text in settings.labels]
    for path in map(Path, (*settings.paths, *tables, *([settings.watch] if settings.watch else []))):
        if run.exists() and path.resolve().is_relative_to(run.resolve()):
            raise UsageError(f"{path} lies in {run}, which --overwrite would remove: use another -o")
    return run, settings


def begin(folder: Path, settings: Settings, device: torch.device, say: Callable[[str], None]) -> Failed:
    """Make a run's folder: its windows, config.toml and people.json; returns what could not be read.

    Raises UsageError and InputError where there is nothing to train on, or the encoder cannot take it.
    """
    stores, failed = open_stores(settings, folder / "windows", say)
    data = TrainingData(stores)
    if settings.method == "supervised":
        label_windows(data, settings, say)
    build_objective(settings, data)
    if settings.distance is not None:
        copy_distance(Path(settings.distance), folder, stores[0].settings)
    train, aside = data.split(settings.validation, settings.seed)
    if len(train) < 2:
        raise InputError("fewer than two worn windows to train on: see 'wearcli inspect' for wear")
    # Now, and not after a stage before it.
    METHODS[settings.method].drawer(data, train, settings, TRAIN)
    if len(aside):
        try:
            METHODS[settings.method].drawer(data, aside, settings, VALIDATION)
        except InputError as error:
            raise InputError(f"of the people set aside to validate: {error}; or --validation 0") from None
    if shared := data.people_in_several_sets():
        say(
            f"note: {len(shared)} participants of one name in several sets, such as '{shared[0]}', are taken "
            "as different people: where they are the same, name the one folder above both"
        )
    begin_watch(settings, folder / "watch", data, train, say)
    people = {"training": data.people(train), "validation": data.people(aside)}
    (folder / "people.json").write_text(json.dumps(people, indent=2, ensure_ascii=False) + "\n")
    if settings.method == "relcon":
        sampler = relcon.group_sampler(data, train, settings)
        anchors = sampler.groups * sampler.anchors
        if sampler.left_out:
            say(f"note: {sampler.left_out} people with fewer than {sampler.size} windows are left out")
        if sampler.groups == 1 and len(sampler.people) > 1:
            say(f"note: a batch of {settings.batch} is of one person: raise --batch for candidates of others")
        elif anchors < settings.batch - sampler.anchors:
            say(f"note: a step has {anchors} anchors, not {settings.batch}: there are no more people")
        settings = replace(settings, batch=anchors)
    of = stores[0].settings
    settings = replace(
        settings,
        rate=of.rate_hz,
        window=of.window_s,
        stride=of.stride_s,
        steps=_steps(settings.steps, settings.epochs, len(train), settings.batch),
    )
    if settings.distance_epochs is not None:
        steps = _steps(None, settings.distance_epochs, len(train), settings.distance_batch)
        settings = replace(settings, distance_steps=steps or settings.distance_steps)
    settings.write(
        folder / "config.toml", f"wearcli {wearcli.__version__}, torch {torch.__version__}, {device}"
    )
    return failed


def build_objective(settings: Settings, data: TrainingData) -> nn.Module:
    """The objective with a fresh encoder; its weights follow from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return METHODS[settings.method].build(settings, data)


def model_config(
    settings: Settings, store: WindowStore, sets: list[dict[str, Any]], result: dict[str, Any]
) -> dict[str, Any]:
    """config.json of the model folder, but for what the export finds out."""
    terms = dict(term.split("=", 1) for term in settings.terms)
    of = store.settings
    left_out = (
        *("paths", "name", "licence", "terms", "participant_from", "encoder", "tensorboard", "labels"),
        "distance",  # a path on this machine, which a model that is given away does not tell
    )
    return {
        "name": settings.name or f"{settings.method}-{settings.encoder}",
        "version": 1,
        "encoder": settings.encoder,
        "rate_hz": of.rate_hz,
        "window_s": of.window_s,
        "stride_s": of.window_s,
        "samples": of.samples,
        "channels": list(of.channels),
        "unit": of.unit,
        "modality": "acc",
        "normalisation": "revin" if settings.revin else "none",
        "training_sets": [{**s, "licence": terms.get(str(s["name"]), "not stated")} for s in sets],
        "licence": settings.licence,
        "training": {
            key: value
            for key, value in asdict(settings).items()
            if value is not None and key not in left_out and not key.startswith("watch")
        },
        "metrics": result,
        "wearcli": wearcli.__version__,
    }


def free_run(settings: Settings) -> Path:
    """runs/<method>-<encoder>, or the first of -2, -3, ... that is not there yet."""
    first = Path("runs") / f"{settings.method}-{settings.encoder}"
    path, number = first, 1
    while path.exists():
        number += 1
        path = first.with_name(f"{first.name}-{number}")
    return path


def is_run(folder: Path) -> bool:
    """Whether the config.toml in a folder is one that a run was started with."""
    try:
        return "pretrain" in tomllib.loads((folder / "config.toml").read_text())
    except (OSError, ValueError):
        return False


def _steps(steps: int | None, epochs: float | None, windows: int, batch: int) -> int | None:
    """The fewer of `steps` and those of `epochs`, in which each window stands once on average."""
    of_epochs = None if epochs is None else max(1, round(epochs * windows / batch))
    return min((n for n in (steps, of_epochs) if n is not None), default=None)


def _people(sets: list[dict[str, Any]]) -> str:
    return ", ".join(f"{s['name']} ({s['participants']} people, {s['hours']:g} h)" for s in sets)
