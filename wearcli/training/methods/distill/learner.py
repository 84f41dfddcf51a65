"""Distillation: windows of two sensors of one person and time; see `objective`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wearcli.errors import UsageError
from wearcli.models.folder import load_model
from wearcli.training.data import Partners, TrainingData
from wearcli.training.loop import Batch
from wearcli.training.methods.distill.objective import Distill
from wearcli.training.methods.distill.options import DistillOptions
from wearcli.training.methods.distill.partners import find_partners
from wearcli.training.methods.distill.teacher import (
    InParts,
    check_windows,
    copy_teacher,
    teacher_network,
    trained_weights,
)
from wearcli.training.methods.learner import Learner, Say
from wearcli.training.sampler import PairSampler, torch_generator
from wearcli.training.stores import Failed, own_stores, window_spec


class DistillLearner(Learner[DistillOptions]):
    """Distillation with the settings of a run."""

    def check(self) -> None:
        """Raise UsageError where there is no teacher, or a clock that is no number."""
        if not np.isfinite(self.options.clock_offset):
            raise UsageError(f"--clock-offset {self.options.clock_offset}: give seconds")
        if self.options.teacher is None:
            raise UsageError(
                "--method distill needs a --teacher: a model of another signal of the same people and time, "
                "such as ppg or a run folder"
            )

    def check_new(self) -> None:
        """Raise UsageError for a teacher that a new run cannot have."""
        model = load_model(str(self.options.teacher))
        spec = window_spec(self.settings, own_stores(self.settings))
        check_windows(model, spec.window_s, model.config.rate_hz)
        if self.options.train_teacher:
            trained_weights(model)

    def begin(self, run: Path) -> None:
        """Copy the teacher into the run's folder."""
        copy_teacher(str(self.options.teacher), run, self.options.train_teacher)

    def attach(self, data: TrainingData, run: Path, say: Say) -> Failed:
        """Find the teacher's window of each window."""
        return find_partners(data, self.settings, self.options, run, say)

    def objective(self, data: TrainingData) -> Distill:
        """The student with the two heads, and a teacher that trains along where that is asked for."""
        teacher = partners(data).teacher
        network = None
        if self.options.train_teacher:
            network = InParts(teacher_network(teacher.model.folder), teacher.samples)
        return Distill(
            self.encoder(data), self.dimension, teacher.dimension, self.options.temperature, network
        )

    def batches(self, data: TrainingData, rows: np.ndarray, stream: int) -> Callable[[int], Batch]:
        """The student's views (b, samples, channels), the teacher's embeddings, and what to ignore (b, b).

        Both sides are seen through random views of their own. A teacher that trains gets its windows in place
        of their embeddings. Ignored are two windows of one person within `near_seconds`, whose hearts beat
        alike, whichever their sensors; with `negatives` own, all windows of other people too.
        """
        seed, batch = self.settings.run.seed, self.settings.optimisation.batch
        options, teaching = self.options, partners(data)
        sampler = PairSampler(data.index, rows, batch, 0.0, seed)
        people = np.unique(data.index["participant"].to_numpy(str), return_inverse=True)[1]
        who = np.unique(data.index["who"].to_numpy(str), return_inverse=True)[1]
        time = data.index["time"].to_numpy()
        views, teacher_views = self.views(), self.views(teaching.teacher.model.modality)

        def draw(step: int) -> Batch:
            chosen = sampler.draw(step, stream)[0][:batch]
            # The clock counts microseconds: two minutes must not differ from two minutes by one.
            near = np.abs(time[chosen][:, None] - time[chosen]) <= options.near_seconds + 1e-3
            ignore = near & (who[chosen][:, None] == who[chosen])
            if options.negatives == "own":
                ignore = ignore | (people[chosen][:, None] != people[chosen])
            generator = torch_generator(seed, "views", stream, step)
            windows = torch.from_numpy(data.take(chosen))
            partner = torch.from_numpy(teaching.take(chosen))
            if options.augment:
                windows, partner = views(windows, generator), teacher_views(partner, generator)
            if not options.train_teacher:
                partner = torch.from_numpy(teaching.teacher(partner.numpy()))
            return windows, partner, torch.from_numpy(ignore)

        return draw

    def model_facts(self, data: TrainingData) -> dict[str, Any]:
        """The teacher, and the hand-made features that the model's rivals are."""
        model = partners(data).teacher.model
        facts: dict[str, Any] = {}
        if self.settings.data.modality == "acc" != model.modality:
            facts["features"] = "heart"
        teacher = {key: getattr(model.config, key) for key in ("name", "sha256", "modality", "dimension")}
        return {**facts, "teacher": {**teacher, "frozen": not self.options.train_teacher}}


def partners(data: TrainingData) -> Partners:
    """The teacher's side of the windows; see `pairs`."""
    assert data.partners is not None, "attach comes before"
    return data.partners
