"""Pretraining from end to end: recordings or window stores in, a run folder with a model out."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from wearcli.claims import claimed
from wearcli.errors import InputError
from wearcli.files import atomic_folder
from wearcli.seeds import generator
from wearcli.training.begin import Paths, begin, settle
from wearcli.training.checkpoint import Progress
from wearcli.training.config_file import CONFIG_NAME, read_config
from wearcli.training.curves import draw_curves
from wearcli.training.data import TrainingData
from wearcli.training.device import choose_device
from wearcli.training.distributed import agree_text, first, joined
from wearcli.training.export import write_model
from wearcli.training.log import Report
from wearcli.training.loop import fit
from wearcli.training.methods.learner import Learner, new_objective, start_learner
from wearcli.training.model_config import model_config
from wearcli.training.monitor import Monitor
from wearcli.training.sampler import TRAIN, VALIDATION
from wearcli.training.settings import VALIDATION_BATCHES, Settings
from wearcli.training.stores import Failed, open_stores
from wearcli.training.tensorboard import event_files
from wearcli.training.unfinished import never_saved
from wearcli.training.watch import open_watch

PARITY_WINDOWS = 512
Say = Callable[[str], None]


def pretrain(
    paths: Paths = (),
    output: str | Path | None = None,
    *,
    resume: str | Path | None = None,
    overwrite: bool = False,
    device: str = "auto",
    workers: int | None = None,
    report: Report = lambda done, metrics: None,
    say: Say = lambda message: None,
    **options: Any,
) -> dict[str, Any]:
    """Train an encoder and export it as a model folder.

    Args:
        paths: Recordings, folders of them, or window stores.
        output: The run folder; by default runs/<method>-<encoder>, numbered where that is taken.
        resume: A run folder to go on with, exactly as it was set; leave out paths, output and options.
        overwrite: Replace a run that is in the folder already.
        device: auto, cpu or cuda.
        workers: CPU threads; by default torch's own choice, all cores.
        report: Called with the share that is done and each line of the log.
        say: Called with each line for people.
        options: Those of `wearcli pretrain --help`, with _ for -, such as method, encoder, steps or lr.

    Returns:
        method, steps, seconds, anchors_per_s, loss, run; also model, validation_loss, effective_rank,
        dispersion_ratio (None where it is undefined), `collapsed` (at some validation), `ended` (steps,
        minutes or patience) and `failed`, the recordings that could not be read.

    Raises:
        UsageError: An option is not allowed, or something that it names is missing.
        InputError: There is nothing to train on, or training fails.
        KeyboardInterrupt: After Ctrl-C, when a checkpoint is saved.

    Example:
        >>> wearcli.pretrain("recordings", "runs/mine", method="simclr", steps=2000)["model"]
        'runs/mine/model'
    """
    if workers is not None:
        torch.set_num_threads(workers)  # for the whole process
    with joined(choose_device(device)) as chosen, ExitStack() as claims:
        if not first():
            report, say = (lambda done, metrics: None), (lambda message: None)
        run, failed = start(paths, output, resume, overwrite, chosen, options, say, claims)
        return {**train_run(run, chosen, report, say), "failed": failed}


def start(
    paths: Paths,
    output: str | Path | None,
    resume: str | Path | None,
    overwrite: bool,
    device: torch.device,
    options: dict[str, Any],
    say: Say,
    claims: ExitStack,
) -> tuple[Path, Failed]:
    """Make or open the run's folder, the first process for all; also what could not be read.

    Until `claims` is closed no other run writes into the folder.
    """
    name, failed = "", []
    try:
        if first():
            run, settings = settle(paths, output, resume, overwrite, device, options)
            claims.enter_context(claimed(run))
            if resume is None:
                if not overwrite and never_saved(run):
                    say(f"{run}: the run in it ended before its first checkpoint: it is started anew")
                # Whole or not at all, in place of an earlier run: that one stays where this cannot begin.
                with atomic_folder(run) as fresh:
                    failed = begin(fresh, settings, device, say)
            else:
                stores, failed = open_stores(settings, run / "windows", say)
                data = TrainingData(stores, settings.data.min_quality)
                failed += start_learner(settings).attach(data, run, say)  # once, for all processes
            name = str(run)
    finally:
        name = agree_text(device, name)
    if not name:
        raise InputError("the first process could not begin: see what it says")
    return Path(name), failed


def train_run(run: Path, device: torch.device, report: Report, say: Say) -> dict[str, Any]:
    """Train as the run's config.toml says, to its end, and export; see `pretrain`."""
    settings = read_config(run / CONFIG_NAME)
    learner = start_learner(settings)
    stores, _ = open_stores(settings, run / "windows", say)
    data = TrainingData(stores, settings.data.min_quality)
    learner.attach(data, run, lambda message: None)
    objective = new_objective(learner, data)
    train, aside = data.split(settings.validation.validation, settings.run.seed)
    sets = learner.describe_sets(data, data.describe(train))
    say(f"{len(train):,} windows train, {len(aside):,} of other people validate: {_people(sets)}")
    say(f"{device.type}, {settings.optimisation.precision}, run folder {run}")

    with shown(run, settings, report, say) as report:
        stage = learner.first_stage(objective, data, (train, aside), run, device, report, say)
        if stage.result is not None:
            return {**stage.result, "run": str(run)}
        draw = learner.batches(data, train, TRAIN)
        validating = learner.batches(data, aside, VALIDATION) if len(aside) else None
        fixed = [validating(n) for n in range(VALIDATION_BATCHES)] if validating else []
        monitor = Monitor(data, aside if len(aside) > 1 else train, settings.run.seed)
        watch = None
        if settings.watching.watch and first():
            watch = open_watch(settings, run / "watch", stores[0].settings, say)
        progress, weights = fit(
            objective, draw, fixed, run, settings, device, stage.report, monitor=monitor, watch=watch, say=say
        )

    objective.load_state_dict(weights)
    result = _figures(settings, progress)
    if first():
        config = model_config(settings, stores[0], sets, result, learner.model_facts(data))
        export(learner, objective, data, train, run, config, say)
    return {**result, "run": str(run), "model": str(run / "model")}


def export(
    learner: Learner[Any],
    objective: nn.Module,
    data: TrainingData,
    train: np.ndarray,
    run: Path,
    config: dict[str, Any],
    say: Say,
) -> None:
    """Write the trained encoder as a model folder, checked on windows that it was trained on."""
    rng = generator(learner.settings.run.seed, "parity windows")
    windows = data.take(np.sort(rng.choice(train, min(PARITY_WINDOWS, len(train)), replace=False)))
    encoder = learner.finish(objective.get_submodule("encoder"), data, train, say)
    write_model(encoder, run / "model", config, windows)


@contextmanager
def shown(run: Path, settings: Settings, report: Report, say: Say) -> Iterator[Report]:
    """A `report` that writes event files too where they were asked for; draws the curves at the end.

    At whatever end: a run that was stopped or failed shows how far it came.
    """
    with ExitStack() as stack:
        if first():
            stack.callback(draw_curves, run, say)
        if not settings.watching.tensorboard or not first():
            yield report
            return
        write = stack.enter_context(event_files(run / "tensorboard"))

        def both(done: float, metrics: dict[str, Any]) -> None:
            write(metrics)
            report(done, metrics)

        yield both


def _figures(settings: Settings, progress: Progress) -> dict[str, Any]:
    """What a run returns of its training."""
    anchors = progress.step * settings.optimisation.batch
    return {
        "method": settings.run.method,
        "steps": progress.step,
        "seconds": round(progress.seconds, 3),
        "anchors_per_s": round(anchors / max(progress.seconds, 1e-9), 1),
        "loss": progress.loss,
        "validation_loss": progress.best_loss,
        "best_step": progress.best_step or progress.step,
        "effective_rank": progress.effective_rank,
        "dispersion_ratio": progress.dispersion_ratio,
        "collapsed": progress.collapsed,
        "ended": progress.ended,
    }


def _people(sets: list[dict[str, Any]]) -> str:
    return ", ".join(f"{s['name']} ({s['participants']} people, {s['hours']:g} h)" for s in sets)
