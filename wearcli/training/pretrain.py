"""Pretraining from end to end: recordings or window stores in, a run folder with a model out."""

import json
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

import wearcli
from wearcli.encoders import build
from wearcli.errors import InputError, UsageError
from wearcli.files import atomic_folder, check_output
from wearcli.objectives.augment import Augment
from wearcli.objectives.simclr import SimCLR
from wearcli.signals.store import WindowStore
from wearcli.training.data import TrainingData
from wearcli.training.device import choose_device, has_bf16
from wearcli.training.export import write_model
from wearcli.training.loop import Batch, Report, fit
from wearcli.training.sampler import AUGMENT, TRAIN, VALIDATION, PairSampler, torch_generator
from wearcli.training.settings import Settings
from wearcli.training.stores import Failed, check_paths, is_store, open_stores, window_spec

DEFAULT_STEPS = 10_000
VALIDATION_BATCHES = 4
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
    """Train an encoder without labels and export it as a model folder.

    Args:
        paths: recordings, folders of them, or window stores.
        output: the run folder; by default runs/<method>-<encoder>, numbered where that is taken.
        resume: a run folder to go on with, exactly as it was set; leave out paths, output and options.
        device, workers: auto, cpu or cuda; CPU threads, by default torch's own choice: all cores.
        report: told the share that is done and each line of the log. say: told each line for people.
        options: of `Settings`: method, encoder, steps, minutes, batch, lr, rate, window, seed, ...

    Returns method, steps, seconds, anchors_per_s, loss, run; also model, validation_loss,
    effective_rank, `ended` (steps, minutes or patience) and `failed`, the recordings that could not be
    read. Raises UsageError and InputError; after Ctrl-C a checkpoint is saved and KeyboardInterrupt raised.
    """
    where = choose_device(device)
    if workers is not None:
        torch.set_num_threads(workers)  # for the whole process
    run, settings = settle(paths, output, resume, overwrite, where, options)
    failed: Failed = []
    if resume is None:
        # Whole or not at all, in place of an earlier run: that one stays where this one cannot begin.
        with atomic_folder(run) as fresh:
            failed = begin(fresh, settings, where, say)
        settings = Settings.read(run / "config.toml")
    stores, late = open_stores(settings, run / "windows", say)
    failed += late
    objective = build_objective(settings, stores[0])
    data = TrainingData(stores)
    train, aside = data.split(settings.validation, settings.seed)

    sets = data.describe(train)
    say(f"{len(train):,} windows train, {len(aside):,} of other people validate: {_people(sets)}")
    say(f"{where.type}, {settings.precision}, run folder {run}")

    draw = drawer(data, train, settings, TRAIN)
    held = drawer(data, aside, settings, VALIDATION) if len(aside) else None
    fixed = [held(n) for n in range(VALIDATION_BATCHES)] if held else []
    progress, weights = fit(objective, draw, fixed, run, settings, where, report)

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
        "ended": progress.ended,
    }
    rng = np.random.default_rng(settings.seed)
    some = np.sort(rng.choice(train, min(PARITY_WINDOWS, len(train)), replace=False))
    write_model(
        objective.encoder, run / "model", model_config(settings, stores[0], sets, result), data.take(some)
    )
    return {**result, "run": str(run), "model": str(run / "model"), "failed": failed}


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
        return Path(resume), settings
    several = [paths] if isinstance(paths, str | Path) else paths
    settings = Settings(**{**options, "paths": tuple(map(str, several))})
    settings.check()
    check_paths(settings)
    if settings.steps is None and settings.minutes is None:
        settings = replace(settings, steps=DEFAULT_STEPS)
    if settings.precision == "auto":
        settings = replace(settings, precision="bf16" if has_bf16(device) else "fp32")
    run = Path(output) if output is not None else free_run(settings)
    check_output(run, overwrite, mark="config.toml")
    if run.exists() and any(run.iterdir()) and not is_run(run):
        raise UsageError(f"{run}: its config.toml is no run's, so it is not replaced: use another -o")
    for path in map(Path, settings.paths):
        if run.exists() and path.resolve().is_relative_to(run.resolve()):
            raise UsageError(f"{path} lies in {run}, which --overwrite would remove: use another -o")
    return run, settings


def begin(folder: Path, settings: Settings, device: torch.device, say: Callable[[str], None]) -> Failed:
    """Make a run's folder: its windows, config.toml and people.json; returns what could not be read.

    Raises UsageError and InputError where there is nothing to train on, or the encoder cannot take it.
    """
    stores, failed = open_stores(settings, folder / "windows", say)
    build_objective(settings, stores[0])
    data = TrainingData(stores)
    train, aside = data.split(settings.validation, settings.seed)
    if len(train) < 2:
        raise InputError("fewer than two worn windows to train on: see 'wearcli inspect' for wear")
    if shared := data.people_in_several_sets():
        say(
            f"note: {len(shared)} participants of one name in several sets, such as '{shared[0]}', are taken "
            "as different people: where they are the same, name the one folder above both"
        )
    people = {"training": data.people(train), "validation": data.people(aside)}
    (folder / "people.json").write_text(json.dumps(people, indent=2, ensure_ascii=False) + "\n")
    of = stores[0].settings
    settings = replace(settings, rate=of.rate_hz, window=of.window_s, stride=of.stride_s)
    settings.write(
        folder / "config.toml", f"wearcli {wearcli.__version__}, torch {torch.__version__}, {device}"
    )
    return failed


def build_objective(settings: Settings, store: WindowStore) -> SimCLR:
    """The objective with a fresh encoder; its weights follow from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        of = store.settings
        encoder = build(settings.encoder, len(of.channels), of.samples, settings.revin)
        return SimCLR(encoder, temperature=settings.temperature)


def drawer(data: TrainingData, rows: np.ndarray, settings: Settings, stream: int) -> Callable[[int], Batch]:
    """The batch of a step: views (2b, samples, channels), anchors then partners, and what to ignore."""
    sampler = PairSampler(data.index, rows, settings.batch, settings.positive_seconds, settings.seed)
    augment = Augment(
        max_degrees=settings.max_degrees, noise_g=settings.noise, scale=settings.scale, warp=settings.warp
    )

    def draw(step: int) -> Batch:
        chosen, ignore = sampler.draw(step, stream)
        generator = torch_generator(settings.seed, AUGMENT + stream, step)
        return augment(torch.from_numpy(data.take(chosen)), generator), torch.from_numpy(ignore)

    return draw


def model_config(
    settings: Settings, store: WindowStore, sets: list[dict[str, Any]], result: dict[str, Any]
) -> dict[str, Any]:
    """config.json of the model folder, but for what the export finds out."""
    terms = dict(term.split("=", 1) for term in settings.terms)
    of = store.settings
    left_out = ("paths", "name", "licence", "terms", "participant_from", "encoder")
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
        "training": {key: v for key, v in asdict(settings).items() if v is not None and key not in left_out},
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


def _people(sets: list[dict[str, Any]]) -> str:
    return ", ".join(f"{s['name']} ({s['participants']} people, {s['hours']:g} h)" for s in sets)
