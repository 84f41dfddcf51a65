"""RelCon: an encoder learns to sort windows as a learned distance sorts them.

The distance comes from the first stage (see `first_stage`), or from another run.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from wearcli.errors import UsageError
from wearcli.training.data import TrainingData
from wearcli.training.log import Report
from wearcli.training.loop import Batch
from wearcli.training.methods.learner import FirstStage, Learner, Say
from wearcli.training.methods.relcon import first_stage
from wearcli.training.methods.relcon.distance import MotifDistance
from wearcli.training.methods.relcon.groups import GroupSampler
from wearcli.training.methods.relcon.objective import RelCon
from wearcli.training.methods.relcon.options import RelconOptions
from wearcli.training.sampler import TRAIN, torch_generator
from wearcli.training.schedule import steps_in_epochs
from wearcli.training.settings import VALIDATION_BATCHES

POOL = 32  # batches whose distances are kept, 0.1 MB each


class RelconLearner(Learner[RelconOptions]):
    """RelCon with the settings of a run."""

    def check(self) -> None:
        """Raise UsageError for options that exclude each other."""
        options = self.options
        if options.distance is not None and options.stage == "distance":
            raise UsageError("--stage distance learns what --distance takes from a run: leave one out")
        if options.anchors_per_person > options.within + 1:
            raise UsageError(
                f"--anchors-per-person {options.anchors_per_person}: at most {options.within + 1}, one more "
                "than --within"
            )

    def check_new(self) -> None:
        """Raise UsageError where the run of --distance has learned none."""
        if self.options.distance is not None:
            first_stage.find_distance(Path(self.options.distance))

    def objective(self, data: TrainingData) -> RelCon:
        """The encoder, and a distance whose weights the first stage puts in."""
        kept = max(POOL, self.options.reuse) + VALIDATION_BATCHES
        return RelCon(self.encoder(data), MotifDistance(), self.options.temperature, kept)

    def settle(self, data: TrainingData, train: np.ndarray, run: Path, say: Say) -> dict[str, Any]:
        """The number of anchors a step, and of steps of the first stage; takes over a distance."""
        options = self.options
        if options.distance is not None:
            first_stage.copy_distance(Path(options.distance), run, data.stores[0].settings)
        settled: dict[str, Any] = {"batch": self.anchors_a_step(data, train, say)}
        if options.distance_epochs is not None:
            steps = steps_in_epochs(options.distance_epochs, len(train), options.distance_batch)
            settled["distance_steps"] = steps
        return settled

    def first_stage(
        self,
        objective: nn.Module,
        data: TrainingData,
        rows: tuple[np.ndarray, np.ndarray],
        run: Path,
        device: torch.device,
        report: Report,
        say: Say,
    ) -> FirstStage:
        """Learn the distance, or take the one that is there, and put it into the objective."""
        options, folder = self.options, run / first_stage.FOLDER
        say(f"stage 1: the distance, {options.distance_steps} steps, in {folder}")
        about = first_stage.learn_distance(
            run, self.settings, options, data, rows, device, staged(report, "distance")
        )
        if options.stage == "distance":
            keys = ("steps", "seconds", "loss", "validation_loss", "best_step")
            result = {"method": self.settings.run.method, "stage": "distance"}
            return FirstStage(report, {**result, **{key: about[key] for key in keys}})
        first_stage.load_distance(objective.get_submodule("distance"), folder)
        say("stage 2: the encoder")
        return FirstStage(staged(report, "encoder"))

    def batches(self, data: TrainingData, rows: np.ndarray, stream: int) -> Callable[[int], Batch]:
        """Windows and views of them (n, samples, channels), anchors and candidates, and the batch's number.

        The same batch comes again as `batch_number` says, every time with new views.
        """
        seed, reuse = self.settings.run.seed, self.options.reuse
        sampler = self.sampler(data, rows)
        views = self.views()

        def draw(step: int) -> Batch:
            number = batch_number(step, reuse) if stream == TRAIN else step
            chosen, anchors, candidates = sampler.draw(number, stream)
            windows = torch.from_numpy(data.take(chosen))
            seen = views(windows, torch_generator(seed, "views", stream, step))
            # Those that validate are numbered apart, from -1 down.
            key = torch.tensor(number if stream == TRAIN else -1 - number)
            return windows, seen, torch.from_numpy(anchors), torch.from_numpy(candidates), key

        return draw

    def sampler(self, data: TrainingData, rows: np.ndarray) -> GroupSampler:
        """As many people a step as give the batch its anchors."""
        options = self.options
        anchors = options.anchors_per_person or options.within + 1
        return GroupSampler(
            data.index,
            rows,
            groups=max(1, round(self.settings.optimisation.batch / anchors)),
            within=options.within,
            between=options.between,
            anchors=anchors,
            seconds=options.within_seconds,
            seed=self.settings.run.seed,
        )

    def anchors_a_step(self, data: TrainingData, rows: np.ndarray, say: Say) -> int:
        """The number of anchors a step: about --batch; says where it differs, and for whom."""
        batch, sampler = self.settings.optimisation.batch, self.sampler(data, rows)
        anchors = sampler.groups * sampler.anchors
        if sampler.left_out:
            say(f"note: {sampler.left_out} people with fewer than {sampler.size} windows are left out")
        if sampler.groups == 1 and len(sampler.people) > 1:
            say(f"note: a batch of {batch} is of one person: raise --batch for candidates of others")
        elif anchors < batch - sampler.anchors:
            say(f"note: a step has {anchors} anchors, not {batch}: there are no more people")
        return anchors


def staged(report: Report, stage: str) -> Report:
    """`report` with the name of the stage in each line."""
    return lambda done, metrics: report(done, {**metrics, "stage": stage})


def batch_number(step: int, reuse: int) -> int:
    """Which batch a step uses: a new one every `reuse` steps, and earlier ones between them.

    So every stretch of steps costs the same, which a schedule over time and the time left rely on. A batch
    comes `reuse` times, POOL // reuse new batches apart; the first ones, before there are others, more often.
    """
    newest, turn = divmod(step, reuse)
    back = turn * max(1, POOL // reuse)
    return newest - back if back <= newest else turn % (newest + 1)
