"""The training loop: every objective's, whole, in the order in which things happen."""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from wearcli.errors import InputError
from wearcli.files import atomic_file
from wearcli.interrupts import interrupt_flag
from wearcli.training import checkpoint
from wearcli.training.checkpoint import Progress, Weights

Batch = tuple[torch.Tensor, ...]
Report = Callable[[float, dict[str, float]], None]
LOG_EVERY = 20


@dataclass(frozen=True)
class Recipe:
    """How to train. At least one of `steps` and `minutes` ends the run.

    The learning rate rises over `warmup` steps and then falls as a cosine to a hundredth over the run,
    which is measured in steps, or in minutes where these run out sooner: only a run by steps is the
    same on every machine. `patience`: validations without a better one before the run stops; 0 is never.
    """

    steps: int | None
    minutes: float | None
    lr: float
    weight_decay: float
    warmup: int
    clip_norm: float
    validate_every: int
    patience: int
    checkpoint_every: int
    bf16: bool

    def done(self, step: int, seconds: float) -> float:
        """The share of the run that is over, 1 at its end."""
        shares = [0.0]
        if self.steps is not None:
            shares.append(step / self.steps)
        if self.minutes is not None:
            shares.append(seconds / (60 * self.minutes))
        return min(max(shares), 1.0)

    def learning_rate(self, step: int, seconds: float) -> float:
        """Linear warm-up, then a cosine from `lr` to lr / 100."""
        rising = min(1.0, (step + 1) / max(1, self.warmup))
        return self.lr * rising * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * self.done(step, seconds))))


def fit(
    objective: nn.Module,
    draw: Callable[[int], Batch],
    validation: Sequence[Batch],
    run: Path,
    recipe: Recipe,
    device: torch.device,
    report: Report = lambda done, metrics: None,
) -> tuple[Progress, Weights]:
    """Train until the recipe's end; goes on from `run/checkpoint` where there is one.

    Args:
        objective: called with a batch, gives the loss and the embeddings (n, dimension).
        draw: the batch of a step, a function of the step's number alone.
        validation: fixed batches of the people set aside; empty for none.
        run: gets `metrics.jsonl` and `checkpoint/`.
        report: told the share of the run that is over and each line of the log.

    Returns the progress and the weights that validated best (the last ones without validation).
    Ctrl-C ends the step in hand, saves a checkpoint and then raises KeyboardInterrupt.
    """
    objective.to(device)
    optimizer = torch.optim.AdamW(objective.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay)
    progress, best = Progress(), None
    if checkpoint.has_checkpoint(run / "checkpoint"):
        progress, best = checkpoint.load(run / "checkpoint", objective, optimizer)
    begin = time.monotonic() - progress.seconds

    with (
        interrupt_flag() as interrupted,
        _Log(run / "metrics.jsonl", progress.step, recipe, report) as log,
        _prefetch(draw, progress.step) as batches,
    ):
        while recipe.done(progress.step, progress.seconds) < 1 and progress.ended is None:
            if interrupted.is_set():
                checkpoint.save(run / "checkpoint", progress, objective, optimizer, best)
                raise KeyboardInterrupt(f"step {progress.step} is saved, go on with --resume {run}")
            lr = recipe.learning_rate(progress.step, progress.seconds)
            for group in optimizer.param_groups:
                group["lr"] = lr
            batch = [part.to(device, non_blocking=True) for part in next(batches)]
            objective.train()
            with torch.autocast(device.type, torch.bfloat16, enabled=recipe.bf16):
                loss, _ = objective(*batch)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            norm = nn.utils.clip_grad_norm_(objective.parameters(), recipe.clip_norm)
            optimizer.step()

            value = float(loss.detach())
            if not math.isfinite(value):
                raise InputError(f"{run}: the loss is {value} at step {progress.step}: try a smaller --lr")
            progress.loss = value if progress.step == 0 else 0.98 * progress.loss + 0.02 * value
            progress.step += 1
            progress.seconds = time.monotonic() - begin
            last = recipe.done(progress.step, progress.seconds) >= 1

            if progress.step % LOG_EVERY == 0 or last:
                log.write(progress, loss=progress.loss, lr=lr, grad_norm=float(norm))
            if validation and (progress.step % recipe.validate_every == 0 or last):
                score, progress.effective_rank = validate(objective, validation, device, recipe.bf16)
                log.write(progress, validation_loss=score, effective_rank=progress.effective_rank)
                progress.stale += 1
                if progress.best_loss is None or score < progress.best_loss:
                    progress.best_loss, progress.best_step, progress.stale = score, progress.step, 0
                    best = checkpoint.copy_weights(objective)
                if 0 < recipe.patience <= progress.stale:
                    progress.ended = "patience"
            if progress.step % recipe.checkpoint_every == 0:
                checkpoint.save(run / "checkpoint", progress, objective, optimizer, best)

    if progress.ended is None:
        by_steps = recipe.steps is not None and progress.step >= recipe.steps
        progress.ended = "steps" if by_steps else "minutes"
    checkpoint.save(run / "checkpoint", progress, objective, optimizer, best)
    return progress, best or checkpoint.copy_weights(objective)


@torch.no_grad()
def validate(
    objective: nn.Module, batches: Sequence[Batch], device: torch.device, bf16: bool
) -> tuple[float, float]:
    """The mean loss over fixed batches, and the effective rank of their embeddings."""
    objective.eval()
    losses, embeddings = [], []
    for batch in batches:
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            loss, embedding = objective(*(part.to(device) for part in batch))
        losses.append(float(loss))
        embeddings.append(embedding.float().cpu())
    return sum(losses) / len(losses), effective_rank(torch.cat(embeddings))


def effective_rank(embeddings: torch.Tensor) -> float:
    """exp of the entropy of the normalised singular values of (n, d), centred (Roy & Vetterli, 2007)."""
    values = torch.linalg.svdvals((embeddings - embeddings.mean(dim=0)).double())
    shares = values / values.sum()
    return float(torch.exp(-(shares * torch.log(shares.clamp_min(1e-12))).sum()))


class _Log:
    """metrics.jsonl, cut back to the step that a run resumes from."""

    def __init__(self, path: Path, step: int, recipe: Recipe, report: Report) -> None:
        kept = path.read_text().splitlines(keepends=True) if path.is_file() and step else []
        kept = [line for line in kept if line.endswith("\n") and json.loads(line)["step"] <= step]
        with atomic_file(path) as temporary:
            temporary.write_text("".join(kept))
        self._stream = path.open("a")
        self.recipe, self.report = recipe, report

    def __enter__(self) -> "_Log":
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()

    def write(self, progress: Progress, **metrics: float) -> None:
        line = {"step": progress.step, **metrics, "seconds": round(progress.seconds, 3)}
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()
        self.report(self.recipe.done(progress.step, progress.seconds), line)


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
