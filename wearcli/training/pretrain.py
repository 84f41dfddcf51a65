"""Pretraining from end to end: recordings or window stores in, a run folder with a model out."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wearcli._version import __version__
from wearcli.encoders import NORMALISE
from wearcli.errors import InputError
from wearcli.files import atomic_folder
from wearcli.seeds import generator
from wearcli.signals.store import WindowStore
from wearcli.training.begin import Paths, begin, find_partners, planned_encoder, settle
from wearcli.training.curves import draw_curves
from wearcli.training.data import TrainingData
from wearcli.training.defaults import LEARNS_FROM_LABELS, without_use
from wearcli.training.device import choose_device
from wearcli.training.distributed import agree_text, first, joined
from wearcli.training.export import write_model
from wearcli.training.labels import label_windows
from wearcli.training.loop import Report, fit
from wearcli.training.methods.multitask.within_class import whiten
from wearcli.training.methods.registry import METHODS, build_objective
from wearcli.training.methods.relcon.first_stage import FOLDER, learn_distance, load_distance
from wearcli.training.methods.supervised import learner as supervised
from wearcli.training.monitor import Monitor
from wearcli.training.sampler import TRAIN, VALIDATION
from wearcli.training.settings import VALIDATION_BATCHES, Settings
from wearcli.training.stores import Failed, open_stores, stores_of
from wearcli.training.tensorboard import event_files
from wearcli.training.watch import open_watch

PARITY_WINDOWS = 512


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
    effective_rank, dispersion_ratio (None where it is undefined), `collapsed` (at some validation), `ended`
    (steps, minutes or patience) and `failed`, the recordings that could not be read. Raises UsageError and
    InputError; after Ctrl-C a checkpoint is saved and KeyboardInterrupt raised.
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
                stores, failed = open_stores(settings, run / "windows", say)
                if settings.teacher is not None:  # once, for all processes
                    failed += find_partners(TrainingData(stores, settings.min_quality), settings, run, say)
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
    data = TrainingData(stores, settings.min_quality)
    if settings.method in LEARNS_FROM_LABELS:
        label_windows(data, settings)
    if settings.teacher is not None:
        find_partners(data, settings, run)
    objective = build_objective(settings, data)
    train, aside = data.split(settings.validation, settings.seed)

    sets = data.describe(train)
    if settings.method in LEARNS_FROM_LABELS:
        classes, amounts = (of(data, settings) for of in (supervised.classes_of, supervised.amounts_of))
        for each in sets:
            name = str(each["name"])
            if name in classes:
                each["classes"] = classes[name]
            if name in amounts:
                each["target"] = settings.target
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
            report = staged(report, "encoder")
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
        "dispersion_ratio": progress.dispersion_ratio,
        "collapsed": progress.collapsed,
        "ended": progress.ended,
    }
    if first():
        rng = generator(settings.seed, "parity windows")
        some = data.take(np.sort(rng.choice(train, min(PARITY_WINDOWS, len(train)), replace=False)))
        config = model_config(settings, stores[0], sets, result) | teaching(settings, data)
        encoder = objective.get_submodule("encoder")
        if settings.method == "multitask" and settings.whiten:
            say("whitening the embedding within classes")
            encoder = whiten(encoder.cpu(), data, train, settings.seed)
        write_model(encoder, run / "model", config, some)
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
    encoder, spec = planned_encoder(settings)
    stores = stores_of(settings, settings.modality)
    return {
        "run": str(run),
        "paths": list(settings.paths),
        "method": settings.method,
        **({} if settings.teacher is None else {"teacher": settings.teacher}),
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


def model_config(
    settings: Settings, store: WindowStore, sets: list[dict[str, Any]], result: dict[str, Any]
) -> dict[str, Any]:
    """config.json of the model folder, but for what the export finds out."""
    terms = dict(term.split("=", 1) for term in settings.terms)
    without = without_use(settings.method, store.settings.modality)
    of = store.settings
    without |= {"paths", "name", "licence", "terms", "participant_from", "encoder", "tensorboard", "labels"}
    without |= {
        "distance",
        "teacher",
    }  # paths on this machine, which a model that is given away does not tell
    return {
        "name": settings.name or f"{settings.method}-{settings.encoder}",
        "version": 1,
        "encoder": settings.encoder,
        "rate_hz": of.rate_hz,
        "window_s": of.window_s,
        # Of windows that overlap by half an epoch has more: every probe measured here is better for it.
        "stride_s": of.window_s / 2,
        "samples": of.samples,
        "channels": list(of.channels),
        "unit": of.unit,
        "modality": of.modality,
        "normalisation": "revin" if settings.revin else "zscore" if settings.encoder in NORMALISE else "none",
        "training_sets": [{**s, "licence": terms.get(str(s["name"]), "not stated")} for s in sets],
        "licence": settings.licence,
        "training": {
            key: value
            for key, value in asdict(settings).items()
            if value is not None and key not in without and not key.startswith("watch")
        },
        "metrics": result,
        "wearcli": __version__,
    }


def teaching(settings: Settings, data: TrainingData) -> dict[str, Any]:
    """What config.json says of a student's teacher, and of the features that are the rivals of its kind."""
    told: dict[str, Any] = {"features": "heart"} if settings.encoder == "ballistic" else {}
    if data.partners is None:
        return told
    of = data.partners.teacher.model
    if settings.modality == "acc" != of.modality:
        told["features"] = "heart"
    known = {key: getattr(of.config, key) for key in ("name", "sha256", "modality", "dimension")}
    return {**told, "teacher": {**known, "frozen": not settings.train_teacher}}


def _people(sets: list[dict[str, Any]]) -> str:
    return ", ".join(f"{s['name']} ({s['participants']} people, {s['hours']:g} h)" for s in sets)
