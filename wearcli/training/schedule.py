"""How long a run is, and its learning rate on the way."""

import math

from wearcli.training.settings import Optimisation


def steps_in_epochs(epochs: float, windows: int, batch: int) -> int:
    """The steps in which each of so many windows is an anchor `epochs` times on average; one at least."""
    return max(1, round(epochs * windows / batch))


def share_done(options: Optimisation, step: int, seconds: float) -> float:
    """The share of a run that is over: by its steps or its minutes, whichever is further; 1 at its end."""
    shares = [0.0]
    if options.steps is not None:
        shares.append(step / options.steps)
    if options.minutes is not None:
        shares.append(seconds / (60 * options.minutes))
    return min(max(shares), 1.0)


def learning_rate(options: Optimisation, step: int, seconds: float) -> float:
    """Linear warm-up (over a tenth of a short run at most), then a cosine from `lr` to lr / 100.

    The cosine is over the share of the run: only a run by steps is the same on every machine. The schedule
    `constant` stays at `lr` once it is there, `step` halves it after each fifth of the run.
    """
    warmup = options.warmup if options.steps is None else min(options.warmup, options.steps // 10)
    rising = min(1.0, (step + 1) / max(1, warmup))
    if options.schedule == "constant":
        return options.lr * rising
    done = share_done(options, step, seconds)
    if options.schedule == "step":
        return options.lr * rising * 0.5 ** math.floor(5 * done)
    return options.lr * rising * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
