"""The training loop: every objective's, whole, in the order in which things happen."""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from wearcli.errors import InputError
from wearcli.files import atomic_file
from wearcli.interrupts import interrupt_flag
from wearcli.training import checkpoint
from wearcli.training.checkpoint import Progress, Weights
from wearcli.training.distributed import agree, first, several, share_batchnorm
from wearcli.training.monitor import COLLAPSED
from wearcli.training.settings import Settings

Batch = tuple[torch.Tensor, ...]
Report = Callable[[float, dict[str, Any]], None]
Look = Callable[[nn.Module], dict[str, float]]
LOG_EVERY = 20


def share_done(settings: Settings, step: int, seconds: float) -> float:
    """The share of a run that is over: by its steps or its minutes, whichever is further; 1 at its end."""
    shares = [0.0]
    if settings.steps is not None:
        shares.append(step / settings.steps)
    if settings.minutes is not None:
        shares.append(seconds / (60 * settings.minutes))
    return min(max(shares), 1.0)


def learning_rate(settings: Settings, step: int, seconds: float) -> float:
    """Linear warm-up (over a tenth of a short run at most), then a cosine from `lr` to lr / 100.

    The cosine is over the share of the run: only a run by steps is the same on every machine. The schedule
    `constant` stays at `lr` once it is there, `step` halves it after each fifth of the run.
    """
    warmup = settings.warmup if settings.steps is None else min(settings.warmup, settings.steps // 10)
    rising = min(1.0, (step + 1) / max(1, warmup))
    if settings.schedule == "constant":
        return settings.lr * rising
    done = share_done(settings, step, seconds)
    if settings.schedule == "step":
        return settings.lr * rising * 0.5 ** math.floor(5 * done)
    return settings.lr * rising * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


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
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Progress, Weights]:
    """Train until the settings' end; goes on from `run/checkpoint` where there is one.

    Of several processes each has the whole batch and does its part of it, see `training.sharing`.

    Args:
        objective: called with a batch, gives the loss; has the `encoder` in it.
        draw: the batch of a step, a function of the step's number alone.
        validation: fixed batches of the people set aside; empty for none.
        run: gets `metrics.jsonl` and `checkpoint/`, from the first of several processes.
        report: told the share of the run that is over and each line of the log.
        monitor: given `objective.encoder` at each validation (as often without people to validate), gives
            figures for the log: effective_rank, rank_share and others.
        watch: the same at the start, each `watch_every` steps and at the end; its time is no training time.
        say: told once if the embeddings collapse (a rank_share below `COLLAPSED`).
        clock: seconds, from any beginning.

    Returns the progress and the weights that validated best (the last ones without validation).
    Ctrl-C ends the step in hand, saves a checkpoint and then raises KeyboardInterrupt.
    """
    objective.to(device)
    share_batchnorm(objective)
    optimizer = torch.optim.AdamW(
        [p for p in objective.parameters() if p.requires_grad],
        lr=settings.lr,
        weight_decay=settings.weight_decay,
    )
    progress, best = Progress(), None
    bf16 = settings.precision == "bf16"
    if checkpoint.has_checkpoint(run / "checkpoint"):
        progress, best = checkpoint.load(run / "checkpoint", objective, optimizer)
    trained = DistributedDataParallel(objective, broadcast_buffers=False) if several() else objective
    begin = clock() - progress.seconds

    with (
        interrupt_flag() as interrupted,
        _Log(run / "metrics.jsonl", progress.step, settings, report) as log,
        _prefetch(draw, progress.step) as batches,
    ):
        if watch is not None and first() and progress.step == 0:
            log.write(progress, **watch(objective.get_submodule("encoder")))
            begin = clock()
        while share_done(settings, progress.step, progress.seconds) < 1 and progress.ended is None:
            (stop,) = agree(device, float(interrupted.is_set()))
            if stop:
                checkpoint.save(run / "checkpoint", progress, objective, optimizer, best)
                raise KeyboardInterrupt(f"step {progress.step} is saved, go on with --resume {run}")
            lr = learning_rate(settings, progress.step, progress.seconds)
            for group in optimizer.param_groups:
                group["lr"] = lr
            batch = [part.to(device, non_blocking=True) for part in next(batches)]
            objective.train()
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                loss = trained(*batch)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            norm = nn.utils.clip_grad_norm_(objective.parameters(), settings.clip_norm or math.inf)
            optimizer.step()

            value = float(loss.detach())
            if not math.isfinite(value):
                option = "--distance-lr" if settings.stage == "distance" else "--lr"
                where = f"{run}: the loss is {value} at step {progress.step}"
                raise InputError(f"{where}: try a smaller {option}")
            progress.loss = value if progress.step == 0 else 0.98 * progress.loss + 0.02 * value
            progress.step += 1
            (progress.seconds,) = agree(device, clock() - begin)
            last = share_done(settings, progress.step, progress.seconds) >= 1

            if progress.step % LOG_EVERY == 0 or last:
                log.write(progress, loss=progress.loss, lr=lr, grad_norm=float(norm))
            if progress.step % settings.validate_every == 0 or last:
                figures = monitor(objective.get_submodule("encoder")) if monitor and first() else {}
                _note_rank(progress, figures, say)
                if validation:
                    score = validate(objective, validation, device, bf16)
                    figures = {"validation_loss": score, **figures}
                    progress.stale += 1
                    if progress.best_loss is None or score < progress.best_loss:
                        progress.best_loss, progress.best_step, progress.stale = score, progress.step, 0
                        best = checkpoint.copy_weights(objective)
                    if 0 < settings.patience <= progress.stale:
                        progress.ended = "patience"
                if figures:
                    log.write(progress, **figures)
            every = settings.watch_every or settings.validate_every
            if watch is not None and first() and (progress.step % every == 0 or last or progress.ended):
                looking = clock()
                log.write(progress, **watch(objective.get_submodule("encoder")))
                begin += clock() - looking
            if progress.step % settings.checkpoint_every == 0:
                checkpoint.save(run / "checkpoint", progress, objective, optimizer, best)

    if progress.ended is None:
        by_steps = settings.steps is not None and progress.step >= settings.steps
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


class _Log:
    """metrics.jsonl, cut back to the step that a run resumes from."""

    def __init__(self, path: Path, step: int, settings: Settings, report: Report) -> None:
        self.settings, self.report = settings, report
        self._stream = None
        if not first():
            return
        kept = path.read_text().splitlines(keepends=True) if path.is_file() and step else []
        kept = [line for line in kept if line.endswith("\n") and json.loads(line)["step"] <= step]
        with atomic_file(path) as temporary:
            temporary.write_text("".join(kept))
        self._stream = path.open("a")

    def __enter__(self) -> "_Log":
        return self

    def __exit__(self, *error: object) -> None:
        if self._stream is not None:
            self._stream.close()

    def write(self, progress: Progress, **metrics: float) -> None:
        if self._stream is None:
            return
        line = {"step": progress.step, **metrics, "seconds": round(progress.seconds, 3)}
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()
        self.report(share_done(self.settings, progress.step, progress.seconds), line)


@contextmanager
def _prefetch(draw: Callable[[int], Batch], first: int) -> Iterator[Iterator[Batch]]:
    """Batches from step `first` on, the next one made in a thread while a step computes."""

    def batches() -> Iterator[Batch]:
        step, coming = first, pool.submit(draw, first)
        while True:
            step += 1
            ready, coming = coming.result(), pool.submit(draw, step)
            yield ready

    with ThreadPoolExecutor(1) as pool:
        yield batches()
