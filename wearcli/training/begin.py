"""What a run begins with: its settings, checked, and its folder."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from wearcli._version import __version__
from wearcli.claims import recover
from wearcli.encoders import build
from wearcli.errors import InputError, UsageError
from wearcli.files import check_output
from wearcli.modality import MODALITIES
from wearcli.signals.windows import WindowSpec
from wearcli.training.checks import check_paths, check_settings
from wearcli.training.config_file import CONFIG_NAME, is_run, read_config, write_config
from wearcli.training.data import TrainingData
from wearcli.training.device import has_bf16
from wearcli.training.methods.learner import Learner, new_objective, start_learner
from wearcli.training.presets import settings_with_defaults
from wearcli.training.sampler import TRAIN, VALIDATION
from wearcli.training.schedule import steps_in_epochs
from wearcli.training.settings import DEFAULT_STEPS, Settings
from wearcli.training.stores import (
    Failed,
    check_stores,
    open_stores,
    own_stores,
    window_spec,
)
from wearcli.training.tensorboard import check_tensorboard
from wearcli.training.unfinished import never_saved
from wearcli.training.watch import begin_watch, check_watch

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
        recover(Path(resume))
        settings = read_config(Path(resume) / CONFIG_NAME)
        check_inputs(settings, start_learner(settings))
        return Path(resume), settings
    several = [paths] if isinstance(paths, str | Path) else paths
    settings = settings_with_defaults({**options, "paths": tuple(map(str, several))})
    check_settings(settings)
    learner = start_learner(settings)
    check_inputs(settings, learner)
    learner.check_new()
    length = settings.optimisation
    if length.steps is None and length.minutes is None and length.epochs is None:
        settings = settings.changed(steps=DEFAULT_STEPS)
    if length.precision == "auto":
        settings = settings.changed(precision="bf16" if has_bf16(device) else "fp32")
    run = Path(output) if output is not None else free_run(settings)
    check_run_folder(run, settings, overwrite)
    return run, settings


def check_inputs(settings: Settings, learner: Learner[Any]) -> None:
    """Raise UsageError where something that the settings name is missing."""
    check_paths(settings.data)
    learner.check()
    check_watch(settings.watching)
    check_tensorboard(settings.watching)


def check_run_folder(run: Path, settings: Settings, overwrite: bool) -> None:
    """Raise UsageError where a run may not be written to its folder."""
    check_output(run, overwrite or never_saved(run), mark=CONFIG_NAME)
    if run.exists() and any(run.iterdir()) and not is_run(run):
        raise UsageError(f"{run}: its {CONFIG_NAME} is no run's, so it is not replaced: use another -o")
    flat = settings.flat()
    tables = [text.rpartition("=")[2] for text in flat.get("labels", ())]
    watched = [flat["watch"]] if flat["watch"] else []
    for path in map(Path, (*settings.data.paths, *tables, *watched)):
        if run.exists() and path.resolve().is_relative_to(run.resolve()):
            raise UsageError(f"{path} lies in {run}, which --overwrite would remove: use another -o")


def begin(folder: Path, settings: Settings, device: torch.device, say: Callable[[str], None]) -> Failed:
    """Make a run's folder: its windows, config.toml and people.json; returns what could not be read.

    Raises:
        UsageError: The encoder or the method cannot take the windows.
        InputError: There is nothing to train on.
    """
    planned_encoder(settings)  # before hours of recordings are cut for one that cannot take them
    learner = start_learner(settings)
    stores, failed = open_stores(settings, folder / "windows", say)
    data = TrainingData(stores, settings.data.min_quality)
    learner.begin(folder)
    failed += learner.attach(data, folder, say)
    new_objective(learner, data)
    train, aside = data.split(settings.validation.validation, settings.run.seed)
    if len(train) < 2:
        what = MODALITIES[settings.data.modality].usable_windows
        raise InputError(f"fewer than two {what} to train on: see 'wearcli inspect'")
    # Now, and not after a stage before it.
    learner.batches(data, train, TRAIN)
    if len(aside):
        try:
            learner.batches(data, aside, VALIDATION)
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
    cut = stores[0].settings
    settings = settings.changed(
        rate=cut.rate_hz,
        window=cut.window_s,
        stride=cut.stride_s,
        **learner.settle(data, train, folder, say),
    )
    settings = settings.changed(steps=_steps(settings, len(train)))
    comment = f"wearcli {__version__}, torch {torch.__version__}, {device}"
    write_config(settings, folder / CONFIG_NAME, comment)
    return failed


def planned_encoder(settings: Settings) -> tuple[nn.Module, WindowSpec]:
    """The encoder that the settings ask for, and its windows; UsageError if it cannot be."""
    stores = own_stores(settings)
    check_stores(settings, stores)
    spec = window_spec(settings, stores)
    with torch.random.fork_rng(devices=[]):
        encoder = build(
            settings.run.encoder,
            len(stores[0].settings.channels) if stores else _channels(settings),
            spec.samples,
            settings.run.revin,
            spec.rate_hz,
            settings.data.modality,
        )
    return encoder, spec


def _channels(settings: Settings) -> int:
    """How many channels windows that are yet to be cut will have, as far as it is known."""
    return len(MODALITIES[settings.data.modality].channels) or settings.data.channels or 1


def free_run(settings: Settings) -> Path:
    """runs/<method>-<encoder>, or the first of -2, -3, ... that is not there yet."""
    first = Path("runs") / f"{settings.run.method}-{settings.run.encoder}"
    path, number = first, 1
    while path.exists():
        number += 1
        path = first.with_name(f"{first.name}-{number}")
    return path


def _steps(settings: Settings, windows: int) -> int | None:
    """The fewer of --steps and those of --epochs; None where minutes alone end the run."""
    length = settings.optimisation
    if length.epochs is None:
        return length.steps
    steps = steps_in_epochs(length.epochs, windows, length.batch)
    return steps if length.steps is None else min(steps, length.steps)
