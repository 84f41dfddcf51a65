"""RelCon: an encoder learns to sort windows as a learned distance sorts them (stage 2; see `distance`)."""

from collections.abc import Callable

import numpy as np
import torch

from wearcli.training.data import TrainingData
from wearcli.training.encoder import new_encoder
from wearcli.training.loop import Batch
from wearcli.training.methods.relcon.distance import MotifDistance
from wearcli.training.methods.relcon.groups import GroupSampler
from wearcli.training.methods.relcon.objective import RelCon
from wearcli.training.sampler import TRAIN, torch_generator
from wearcli.training.settings import VALIDATION_BATCHES, Settings

POOL = 32  # batches whose distances are kept, 0.1 MB each


def build(settings: Settings, data: TrainingData) -> RelCon:
    """The encoder, and a distance whose weights stage 1 puts in."""
    kept = max(POOL, settings.reuse) + VALIDATION_BATCHES
    return RelCon(new_encoder(settings, data), MotifDistance(), settings.temperature, kept)


def group_sampler(data: TrainingData, rows: np.ndarray, settings: Settings) -> GroupSampler:
    """As many people a step as give the batch its anchors."""
    each = settings.anchors_per_person or settings.within + 1
    return GroupSampler(
        data.index,
        rows,
        groups=max(1, round(settings.batch / each)),
        within=settings.within,
        between=settings.between,
        anchors=each,
        seconds=settings.within_seconds,
        seed=settings.seed,
    )


def anchors_of_a_step(
    data: TrainingData, rows: np.ndarray, settings: Settings, say: Callable[[str], None]
) -> int:
    """How many windows of a step are anchors: about --batch; says where it is otherwise, and for whom."""
    sampler = group_sampler(data, rows, settings)
    anchors = sampler.groups * sampler.anchors
    if sampler.left_out:
        say(f"note: {sampler.left_out} people with fewer than {sampler.size} windows are left out")
    if sampler.groups == 1 and len(sampler.people) > 1:
        say(f"note: a batch of {settings.batch} is of one person: raise --batch for candidates of others")
    elif anchors < settings.batch - sampler.anchors:
        say(f"note: a step has {anchors} anchors, not {settings.batch}: there are no more people")
    return anchors


def batch_number(step: int, reuse: int) -> int:
    """Which batch a step is of: a new one every `reuse` steps, and between them earlier ones.

    So every stretch of steps costs the same, which a schedule over time and the time left rely on. A batch
    comes `reuse` times, POOL // reuse new batches apart; the first ones, before there are others, more often.
    """
    newest, turn = divmod(step, reuse)
    back = turn * max(1, POOL // reuse)
    return newest - back if back <= newest else turn % (newest + 1)


def drawer(data: TrainingData, rows: np.ndarray, settings: Settings, stream: int) -> Callable[[int], Batch]:
    """The batch of a step: windows and views of them (n, samples, channels), anchors and candidates.

    The same batch comes again as `batch_number` says, every time with new views.
    """
    sampler = group_sampler(data, rows, settings)
    augment = settings.views()

    def draw(step: int) -> Batch:
        number = batch_number(step, settings.reuse) if stream == TRAIN else step
        chosen, anchors, candidates = sampler.draw(number, stream)
        windows = torch.from_numpy(data.take(chosen))
        views = augment(windows, torch_generator(settings.seed, "views", stream, step))
        # Those that validate are numbered apart, from -1 down.
        told = torch.tensor(number if stream == TRAIN else -1 - number)
        return windows, views, torch.from_numpy(anchors), torch.from_numpy(candidates), told

    return draw
