"""The training loop: every objective's, whole, in the order in which things happen."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from wearcli.errors import InputError
from wearcli.interrupts import interrupt_flag
from wearcli.training import checkpoint
from wearcli.training.checkpoint import Progress, Weights
from wearcli.training.distributed import agree, first, several, share_batchnorm
from wearcli.training.log import Log, Report
from wearcli.training.monitor import COLLAPSED
from wearcli.training.schedule import learning_rate, share_done
from wearcli.training.settings import Settings

Batch = tuple[torch.Tensor, ...]
Look = Callable[[nn.Module], dict[str, float]]
LOG_EVERY = 20


def fit(
    objective: nn.Module,
    draw: Callable[[int], Batch],
    validation: Sequence[Batch],
    run: Path,
    settings: Settings,
    device: torch.device,
    report: Report = lambda done, metrics: None,
    *,
    monitor: Look | None = None,
    watch: Look | None = None,
    say: Callable[[str], None] = lambda message: None,
    rate_option: str = "--lr",
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Progress, Weights]:
    """Train until the settings' end; goes on from `run/checkpoint` where there is one.

    Of several processes each has the whole batch and does its part of it, see `training.sharing`.

    Args:
        objective: Gives the loss of a batch; has the `encoder` in it.
        draw: The batch of a step, a function of the step's number alone.
        validation: Fixed batches of the people set aside; empty for none.
        run: Gets `metrics.jsonl` and `checkpoint/`, from the first of several processes.
        settings: The settings of the run.
        device: Where to train.
        report: Called with the share of the run that is over and each line of the log.
        monitor: Gives figures of `objective.encoder` for the log at each validation (as often without people
            to validate): effective_rank, rank_share and others.
        watch: The same at the start, every `watch_every` steps and at the end; its time is no training time.
        say: Called once if the embeddings collapse (a rank_share below `COLLAPSED`).
        rate_option: The option to make smaller where the loss is no number any more.
        clock: Seconds, from any beginning.

    Returns:
        The progress, and the weights that validated best (the last ones without validation).

    Raises:
        InputError: The loss is no number any more.
        KeyboardInterrupt: After Ctrl-C, when the step in hand is done and a checkpoint is saved.
    """
    length, checking = settings.optimisation, settings.validation
    objective.to(device)
    share_batchnorm(objective)
    optimizer = torch.optim.AdamW(
        [p for p in objective.parameters() if p.requires_grad],
        lr=length.lr,
        weight_decay=length.weight_decay,
    )
    progress, best = Progress(), None
    bf16 = length.precision == "bf16"
    if checkpoint.has_checkpoint(run / "checkpoint"):
        progress, best = checkpoint.load(run / "checkpoint", objective, optimizer)
    trained = DistributedDataParallel(objective, broadcast_buffers=False) if several() else objective
    begin = clock() - progress.seconds

    with (
        interrupt_flag() as interrupted,
        Log(run / "metrics.jsonl", progress.step, length, report) as log,
        prefetch(draw, progress.step) as batches,
    ):
        if watch is not None and first() and progress.step == 0:
            log.write(progress, **watch(objective.get_submodule("encoder")))
            begin = clock()
        while share_done(length, progress.step, progress.seconds) < 1 and progress.ended is None:
            (stop,) = agree(device, float(interrupted.is_set()))
            if stop:
                checkpoint.save(run / "checkpoint", progress, objective, optimizer, best)
                raise KeyboardInterrupt(f"step {progress.step} is saved, go on with --resume {run}")
            lr = learning_rate(length, progress.step, progress.seconds)
            for group in optimizer.param_groups:
                group["lr"] = lr
            batch = [part.to(device, non_blocking=True) for part in next(batches)]
            objective.train()
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                loss = trained(*batch)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            norm = nn.utils.clip_grad_norm_(objective.parameters(), length.clip_norm or math.inf)
            optimizer.step()

            value = float(loss.detach())
            if not math.isfinite(value):
                raise InputError(
                    f"{run}: the loss is {value} at step {progress.step}: try a smaller {rate_option}"
                )
            progress.loss = value if progress.step == 0 else 0.98 * progress.loss + 0.02 * value
            progress.step += 1
            (progress.seconds,) = agree(device, clock() - begin)
            last = share_done(length, progress.step, progress.seconds) >= 1

            if progress.step % LOG_EVERY == 0 or last:
                log.write(progress, loss=progress.loss, lr=lr, grad_norm=float(norm))
            if progress.step % checking.validate_every == 0 or last:
                figures = monitor(objective.get_submodule("encoder")) if monitor and first() else {}
                _note_rank(progress, figures, say)
                if validation:
                    score = validate(objective, validation, device, bf16)
                    figures = {"validation_loss": score, **figures}
                    if progress.take_score(score):
                        best = checkpoint.copy_weights(objective)
                    if 0 < checking.patience <= progress.stale:
                        progress.ended = "patience"
                if figures:
                    log.write(progress, **figures)
            every = settings.watching.watch_every or checking.validate_every
            if watch is not None and first() and (progress.step % every == 0 or last or progress.ended):
                looking = clock()
                log.write(progress, **watch(objective.get_submodule("encoder")))
                begin += clock() - looking
            if progress.step % checking.checkpoint_every == 0:
                checkpoint.save(run / "checkpoint", progress, objective, optimizer, best)

    if progress.ended is None:
        by_steps = length.steps is not None and progress.step >= length.steps
        progress.ended = "steps" if by_steps else "minutes"
    checkpoint.save(run / "checkpoint", progress, objective, optimizer, best)
    return progress, best or checkpoint.copy_weights(objective)


@torch.no_grad()
def validate(objective: nn.Module, batches: Sequence[Batch], device: torch.device, bf16: bool) -> float:
    """The mean loss over fixed batches."""
    objective.eval()
    losses = []
    for batch in batches:
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            loss = objective(*(part.to(device) for part in batch))
        losses.append(float(loss))
    return sum(losses) / len(losses)


def _note_rank(progress: Progress, figures: dict[str, float], say: Callable[[str], None]) -> None:
    """Keep the rank, and say once where it means that the embeddings collapse."""
    if "effective_rank" not in figures:
        return
    progress.effective_rank = figures["effective_rank"]
    progress.dispersion_ratio = figures.get("dispersion_ratio")
    if figures["rank_share"] < COLLAPSED and not progress.collapsed:
        progress.collapsed = True
        say(
            f"warning: the embeddings collapse: effective rank {figures['effective_rank']:.1f} at step "
            f"{progress.step} is below {COLLAPSED:.0%} of the most there could be: try a smaller --lr, a "
            "larger --batch, or another --method"
        )


@contextmanager
def prefetch(draw: Callable[[int], Batch], first: int) -> Iterator[Iterator[Batch]]:
    """Batches from step `first` on, the next one made in a thread while a step computes."""

    def batches() -> Iterator[Batch]:
        step, coming = first, pool.submit(draw, first)
        while True:
            step += 1
            ready, coming = coming.result(), pool.submit(draw, step)
            yield ready

    with ThreadPoolExecutor(1) as pool:
        yield batches()
