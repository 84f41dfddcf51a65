"""What a run begins with: its settings, checked, and its folder."""

import json
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from wearcli._version import __version__
from wearcli.encoders import build
from wearcli.errors import InputError, UsageError
from wearcli.files import check_output
from wearcli.modality import MODALITIES
from wearcli.models.folder import load_model
from wearcli.signals.windows import WindowSpec
from wearcli.training.data import TrainingData
from wearcli.training.defaults import LEARNS_FROM_LABELS, with_defaults
from wearcli.training.device import has_bf16
from wearcli.training.labels import check_labels, label_windows
from wearcli.training.methods.distill.pairs import pair_windows
from wearcli.training.methods.distill.teacher import FOLDER as TEACHER
from wearcli.training.methods.distill.teacher import Teacher, check_windows, copy_teacher, trained_weights
from wearcli.training.methods.registry import METHODS, build_objective
from wearcli.training.methods.relcon import learner as relcon
from wearcli.training.methods.relcon.first_stage import copy_distance, find_distance
from wearcli.training.sampler import TRAIN, VALIDATION
from wearcli.training.settings import Settings
from wearcli.training.stores import (
    Failed,
    check_paths,
    check_stores,
    open_partners,
    open_stores,
    stores_of,
    window_spec,
)
from wearcli.training.tensorboard import check_tensorboard
from wearcli.training.watch import begin_watch, check_watch

DEFAULT_STEPS = 10_000
PARTNERS = "partners"  # the folder of a run with the windows of its teacher's signal
Paths = Sequence[str | Path] | str | Path


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
        check_inputs(settings)
        return Path(resume), settings
    several = [paths] if isinstance(paths, str | Path) else paths
    settings = Settings(**with_defaults({**options, "paths": tuple(map(str, several))}))
    settings.check()
    check_inputs(settings)
    check_teacher(settings)
    if settings.distance is not None:
        find_distance(Path(settings.distance))
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


def check_inputs(settings: Settings) -> None:
    """Raise UsageError where something that the settings name is missing."""
    check_paths(settings)
    check_labels(settings)
    check_watch(settings)
    check_tensorboard(settings)


def check_teacher(settings: Settings) -> None:
    """Raise UsageError for a teacher that a new run cannot have; one that goes on has its own."""
    if settings.teacher is None:
        return
    model = load_model(settings.teacher)
    spec = window_spec(settings, stores_of(settings, settings.modality))
    check_windows(model, spec.window_s, model.config.rate_hz)
    if settings.train_teacher:
        trained_weights(model)


def begin(folder: Path, settings: Settings, device: torch.device, say: Callable[[str], None]) -> Failed:
    """Make a run's folder: its windows, config.toml and people.json; returns what could not be read.

    Raises UsageError and InputError where there is nothing to train on, or the encoder cannot take it.
    """
    planned_encoder(settings)  # before hours of recordings are cut for one that cannot take them
    stores, failed = open_stores(settings, folder / "windows", say)
    data = TrainingData(stores, settings.min_quality)
    if settings.method in LEARNS_FROM_LABELS:
        label_windows(data, settings, say)
    if settings.teacher is not None:
        copy_teacher(settings.teacher, folder, settings.train_teacher)
        failed += find_partners(data, settings, folder, say)
    build_objective(settings, data)
    if settings.distance is not None:
        copy_distance(Path(settings.distance), folder, stores[0].settings)
    train, aside = data.split(settings.validation, settings.seed)
    if len(train) < 2:
        what = MODALITIES[settings.modality].usable_windows
        raise InputError(f"fewer than two {what} to train on: see 'wearcli inspect'")
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
        settings = replace(settings, batch=relcon.anchors_of_a_step(data, train, settings, say))
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
    settings.write(folder / "config.toml", f"wearcli {__version__}, torch {torch.__version__}, {device}")
    return failed


def find_partners(
    data: TrainingData, settings: Settings, run: Path, say: Callable[[str], None] = lambda message: None
) -> Failed:
    """Give `data` the windows of the run's teacher; returns what could not be read of its signal."""
    teacher = Teacher(load_model(run / TEACHER))
    like = data.stores[0]
    stores, failed = open_partners(settings, teacher.model, like, run / PARTNERS, say)
    data.partners = pair_windows(data, TrainingData(stores, settings.min_quality), teacher, settings, say)
    return failed


def planned_encoder(settings: Settings) -> tuple[nn.Module, WindowSpec]:
    """The encoder that the settings ask for, and its windows; UsageError if it cannot be."""
    stores = stores_of(settings, settings.modality)
    check_stores(settings, stores)
    spec = window_spec(settings, stores)
    with torch.random.fork_rng(devices=[]):
        encoder = build(
            settings.encoder,
            len(stores[0].settings.channels) if stores else _channels(settings),
            spec.samples,
            settings.revin,
            spec.rate_hz,
            settings.modality,
        )
    return encoder, spec


def _channels(settings: Settings) -> int:
    """How many channels windows that are yet to be cut will have, as far as it is said."""
    return len(MODALITIES[settings.modality].channels) or settings.channels or 1


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
