"""RelCon's first stage: the distance is learned, kept in the run's folder `distance/`, and then frozen."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from wearcli.documents import Fields, read_json
from wearcli.errors import InputError, UsageError
from wearcli.files import atomic_file
from wearcli.seeds import generator, whole_number
from wearcli.signals.store import StoreSettings
from wearcli.training.data import TrainingData
from wearcli.training.distributed import agree, first
from wearcli.training.log import Report
from wearcli.training.loop import Batch, fit
from wearcli.training.methods.relcon.corruptions import corrupt
from wearcli.training.methods.relcon.distance import DROPOUT, DistanceLearning, MotifDistance
from wearcli.training.methods.relcon.options import RelconOptions
from wearcli.training.sampler import TRAIN, VALIDATION, torch_generator
from wearcli.training.settings import VALIDATION_BATCHES, Settings

FOLDER, WEIGHTS, ABOUT = "distance", "distance.safetensors", "distance.json"


def learn_distance(
    run: Path,
    settings: Settings,
    options: RelconOptions,
    data: TrainingData,
    rows: tuple[np.ndarray, np.ndarray],
    device: torch.device,
    report: Report,
) -> dict[str, Any]:
    """Train the distance into `run/distance`, or go on with it; the weights that validated best are kept.

    A distance that is there already, learned or taken from another run, stays.

    Args:
        run: The folder of the run.
        settings: Its settings.
        options: The options of RelCon among them.
        data: All windows.
        rows: Those to train on, and those to validate on.
        device: Where to train.
        report: Called with the share done and each line of the log.

    Returns:
        What distance.json says of the distance.
    """
    folder = run / FOLDER
    if (folder / ABOUT).is_file():
        return read_about(folder)
    folder.mkdir(exist_ok=True)
    own = stage_settings(settings, options)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(whole_number(settings.run.seed, "distance weights"))
        distance = MotifDistance(len(data.stores[0].settings.channels))
    learning = DistanceLearning(distance, options.distance_loss)
    train, aside = rows
    validating = batches(data, aside, own, VALIDATION) if len(aside) else None
    fixed = [validating(n) for n in range(VALIDATION_BATCHES)] if validating else []
    try:
        progress, weights = fit(
            learning,
            batches(data, train, own, TRAIN),
            fixed,
            folder,
            own,
            device,
            report,
            rate_option="--distance-lr",
        )
    except KeyboardInterrupt as stopped:  # it is the run that goes on, not its folder
        messages = (str(message).replace(str(folder), str(run)) for message in stopped.args)
        raise KeyboardInterrupt(*messages) from None
    learning.load_state_dict(weights)
    about = {
        **_shape(data.stores[0].settings),
        "steps": progress.step,
        "seconds": round(progress.seconds, 3),
        "loss": progress.loss,
        "validation_loss": progress.best_loss,
        "best_step": progress.best_step or progress.step,
        "training_sets": data.describe(train),
        "training": {
            "steps": own.optimisation.steps,
            "batch": own.optimisation.batch,
            "lr": own.optimisation.lr,
            "distance_loss": options.distance_loss,
            "seed": own.run.seed,
            "precision": own.optimisation.precision,
        },
    }
    if first():
        with atomic_file(folder / WEIGHTS) as path:
            save_file(learning.distance.state_dict(), path)
        with atomic_file(folder / ABOUT) as path:
            path.write_text(json.dumps(about, indent=2) + "\n")
    agree(device, 0)  # no process goes on before the files are there
    return about


def stage_settings(settings: Settings, options: RelconOptions) -> Settings:
    """The settings of the first stage: its own length, batch and rate, at a constant rate without limits."""
    return settings.changed(
        steps=options.distance_steps,
        minutes=None,
        batch=options.distance_batch,
        lr=options.distance_lr,
        weight_decay=0.0,
        schedule="constant",
        warmup=0,
        clip_norm=0.0,
        patience=0,
    )


def find_distance(source: Path) -> Path:
    """The folder of a learned distance: `source` or the one in it; UsageError where there is none."""
    folder = source if (source / ABOUT).is_file() else source / FOLDER
    if not (folder / ABOUT).is_file():
        raise UsageError(
            f"{source}: no learned distance ({FOLDER}/{ABOUT} is missing): name a run of --method relcon "
            "whose first stage is done"
        )
    return folder


def copy_distance(source: Path, run: Path, cut: StoreSettings) -> None:
    """Put the distance of another run into `run`; it must have been learned on windows like these.

    Raises:
        UsageError: There is none.
        InputError: It is damaged, or was learned on other windows.
    """
    folder = find_distance(source)
    about = read_about(folder)
    for key, value in _shape(cut).items():
        if about.get(key) != value:
            raise InputError(
                f"{folder}: a distance of windows with {key} {about.get(key)}, not {value}: leave --distance "
                "out to learn one for these"
            )
    load_distance(MotifDistance(len(cut.channels)), folder)
    (run / FOLDER).mkdir()
    for name in (WEIGHTS, ABOUT):
        with atomic_file(run / FOLDER / name) as path:
            path.write_bytes((folder / name).read_bytes())


def load_distance(distance: nn.Module, folder: Path) -> None:
    """Put the learned weights in `folder` into `distance`; InputError where they do not fit."""
    try:
        distance.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, RuntimeError, SafetensorError) as error:
        first = str(error).splitlines()[0]
        raise InputError(f"{folder / WEIGHTS}: cannot be read ({first}): learn the distance anew") from None


def batches(data: TrainingData, rows: np.ndarray, settings: Settings, stream: int) -> Callable[[int], Batch]:
    """The batch of a step: windows, their augmented copies, and the attention weights that dropout leaves."""
    seed, batch = settings.run.seed, settings.optimisation.batch

    def draw(step: int) -> Batch:
        rng = generator(seed, "distance batches", stream, step)
        chosen = rng.choice(rows, batch, replace=len(rows) < batch)
        noise = torch_generator(seed, "distance copies", stream, step)
        windows = torch.from_numpy(data.take(chosen))
        n, samples, _ = windows.shape
        copies = corrupt(windows, noise)
        return windows, copies, torch.rand(n, samples, samples, generator=noise) >= DROPOUT

    return draw


def read_about(folder: Path) -> dict[str, Any]:
    """Return what is kept beside the weights of a learned distance.

    Raises:
        InputError: The document is damaged.
    """
    path, advice = folder / ABOUT, "learn the distance anew"
    return Fields(read_json(path, advice), str(path), advice).without()


def _shape(cut: StoreSettings) -> dict[str, Any]:
    """What windows must have in common for a distance, as JSON has it."""
    keys = ("rate_hz", "samples", "channels", "unit")
    shape: dict[str, Any] = json.loads(json.dumps({key: getattr(cut, key) for key in keys}))
    return shape
