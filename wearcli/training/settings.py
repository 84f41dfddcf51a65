"""What a pretraining run is made of: kept in the run's config.toml, which is also a valid --config."""

import json
import math
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from wearcli.encoders import ENCODERS
from wearcli.errors import InputError, UsageError
from wearcli.files import atomic_file
from wearcli.modality import MODALITIES, Modality, check_modality
from wearcli.recordings.reading import Reading
from wearcli.signals.pulse_quality import MIN_QUALITY
from wearcli.training.defaults import (
    DEFAULTS,
    LEARNS_FROM_LABELS,
    OF_ACCELERATION,
    OF_DISTILL,
    OF_PARTICIPANT,
)
from wearcli.training.methods.participant.objective import KOLEO, MOMENTUM
from wearcli.training.methods.participant.people import Positives
from wearcli.training.views.augment import ROTATION, Augment
from wearcli.training.views.cascade import CASCADES, Cascade

VALIDATION_BATCHES = 4


@dataclass(frozen=True)
class Settings:
    """Everything that decides what a run learns; the names are those of the command's options.

    paths: recordings, folders of them, or window stores. method: the objective. preset: default or paper, see
    `defaults.with_defaults`. modality: acc, ppg or ecg; channels: of PPG and ECG, how many are used;
    min_quality: theirs, see `signals.pulse_quality`. revin: each window normalised inside the encoder, which
    hides gravity's direction from it. steps, minutes, epochs: how long, whichever comes first; a run by
    minutes depends on the machine's speed, the others are repeatable; an epoch has as many anchors as there
    are windows. batch: anchors a step (simclr, participant: pairs). schedule: of the learning rate, cosine,
    constant or step (halved after each fifth of the run). warmup: steps in which the learning rate rises.
    clip_norm: greatest norm of the gradient, 0 for any. rate, window, stride: of windows cut from recordings,
    Hz and seconds; a store has its own. positive_seconds: how far apart the two windows of a pair may lie.
    positives, koleo, momentum: of participant, see `PeopleSampler` and `Participant`. max_degrees, noise,
    scale, warp, poor: of a view of acceleration, see `Augment`; 0 turns each off; views of PPG and ECG are
    those of `Cascade`. contrast: of multitask, the weight of the pairs' loss beside that of the labels;
    whiten: of multitask, whether the trained embedding is whitened within classes, see `within_class`.
    teacher: of distill, a model of another signal of the same people and time; train_teacher: its weights
    learn too, where its run is there; clock_offset: seconds to add to its recordings' clock; max_movement: g,
    windows that move more are left out; near_seconds: how near in time two windows of one recording are no
    negatives of each other; negatives: all, or own for those of the same person alone; augment: whether both
    sides are seen through random views. mask_share: how many of a window's patches of mask_seconds are
    hidden. labels: FILE or SET=FILE, by default the tables beside the recordings; target: their column.
    within, between: an anchor's candidates, windows of the same person within_seconds of each other, and of
    other people. anchors_per_person: of the within + 1 windows of a person in a step, those that are anchors;
    0 for all. reuse: how often a step's windows and distances come again, each time with new views. stage:
    both, or distance to stop after the learned distance, which has its own distance_steps or distance_epochs,
    distance_batch (pairs), distance_lr and distance_loss (log or squares). distance: a run whose learned
    distance is taken instead. validation: share of the participants set aside to choose the best weights.
    patience: validations without a better one before the run stops; 0 is never. precision: bf16, fp32, or
    auto for bf16 where the machine multiplies in it. licence: of the weights; terms: SET=TERMS, those of a
    training set's data; both for the card. watch: a labelled study, or its file of labels, whose watch_task
    the frozen encoder is scored on every watch_every steps (by default validate_every), its windows pooled
    over epochs of watch_epoch seconds; tensorboard: event files too; neither changes what is learned. From
    participant_from on: how recordings are read, see `recordings.open_recording`.
    """

    paths: tuple[str, ...] = ()
    method: str = "simclr"
    preset: str = "default"
    modality: Modality = "acc"
    channels: int | None = None
    min_quality: float = MIN_QUALITY
    encoder: str = "fast"
    revin: bool = False
    steps: int | None = None
    minutes: float | None = None
    epochs: float | None = None
    batch: int = 256
    lr: float = 1e-3
    weight_decay: float = 0.01
    schedule: str = "cosine"
    warmup: int = 200
    clip_norm: float = 1.0
    rate: float | None = None
    window: float | None = None
    stride: float | None = None
    positive_seconds: float = 10.0
    max_degrees: float = 25.0
    noise: float = 0.05
    scale: float = 0.1
    warp: float = 0.15
    poor: float = 0.0
    contrast: float = 1.0
    whiten: bool = True
    temperature: float = 0.1
    positives: Positives = "participant"
    koleo: float = KOLEO
    momentum: float = MOMENTUM
    teacher: str | None = None
    train_teacher: bool = False
    clock_offset: float = 0.0
    max_movement: float | None = None
    near_seconds: float = 120.0
    negatives: str = "all"
    augment: bool = True
    mask_share: float = 0.5
    mask_seconds: float = 0.2
    labels: tuple[str, ...] = ()
    target: str = "label"
    within: int = 20
    between: int = 63
    within_seconds: float = 3600.0
    anchors_per_person: int = 0
    reuse: int = 1
    stage: str = "both"
    distance: str | None = None
    distance_steps: int = 500
    distance_epochs: float | None = None
    distance_batch: int = 64
    distance_lr: float = 1e-3
    distance_loss: str = "squares"
    validation: float = 0.1
    validate_every: int = 500
    patience: int = 20
    checkpoint_every: int = 500
    precision: str = "auto"
    seed: int = 0
    name: str | None = None
    licence: str = "not stated"
    terms: tuple[str, ...] = ()
    watch: str | None = None
    watch_task: str = "activity"
    watch_epoch: float | None = None
    watch_every: int | None = None
    tensorboard: bool = False
    participant_from: str | None = None
    unit: str | None = None
    rate_hz: float | None = None
    columns: str | None = None
    time_column: str | None = None
    time_unit: str | None = None

    def check(self) -> None:
        """Raise UsageError for a value that no run can have."""
        if self.method not in DEFAULTS:
            raise UsageError(f"no method '{self.method}': --method takes {', '.join(DEFAULTS)}")
        if self.encoder not in ENCODERS:
            raise UsageError(f"no encoder '{self.encoder}': --encoder takes {', '.join(ENCODERS)}")
        if self.precision not in ("auto", "bf16", "fp32"):
            raise UsageError(f"no precision '{self.precision}': --precision takes auto, bf16 or fp32")
        for option, choices in (
            ("schedule", ("cosine", "constant", "step")),
            ("positives", ("participant", "segment")),
            ("negatives", ("all", "own")),
            ("stage", ("both", "distance")),
            ("distance_loss", ("log", "squares")),
        ):
            if getattr(self, option) not in choices:
                raise UsageError(
                    f"no {option} '{getattr(self, option)}': --{option.replace('_', '-')} takes "
                    f"{' or '.join(choices)}"
                )
        self._check_signal()
        self._check_method()
        self._check_teacher()
        if self.method != "relcon" and (self.distance is not None or self.stage != "both"):
            raise UsageError(f"--distance and --stage are of --method relcon, not of {self.method}")
        if self.distance is not None and self.stage == "distance":
            raise UsageError("--stage distance learns what --distance takes from a run: leave one out")
        for option in (
            "steps",
            "minutes",
            "epochs",
            "lr",
            "rate",
            "window",
            "stride",
            "temperature",
            "mask_seconds",
            "max_movement",
            "within_seconds",
            "distance_steps",
            "distance_epochs",
            "distance_lr",
            "watch_epoch",
            "watch_every",
        ):
            value = getattr(self, option)
            if value is not None and not value > 0:
                raise UsageError(f"--{option.replace('_', '-')} {value:g}: must be above 0")
        for option in ("batch", "distance_batch", "within", "reuse", "validate_every", "checkpoint_every"):
            least = 2 if option == "batch" else 1
            if getattr(self, option) < least:
                raise UsageError(f"--{option.replace('_', '-')} must be at least {least}")
        for option in (
            "warmup",
            "clip_norm",
            "between",
            "anchors_per_person",
            "patience",
            "positive_seconds",
            "near_seconds",
            "max_degrees",
            "noise",
            "scale",
            "warp",
            "contrast",
            "koleo",
            "momentum",
            "weight_decay",
            "seed",
        ):
            if getattr(self, option) < 0:
                raise UsageError(f"--{option.replace('_', '-')} must not be below 0")
        if self.anchors_per_person > self.within + 1:
            raise UsageError(
                f"--anchors-per-person {self.anchors_per_person}: at most {self.within + 1}, one more than "
                "--within"
            )
        if not 0 < self.mask_share < 1:
            raise UsageError(f"--mask-share {self.mask_share:g}: give a share of the window, between 0 and 1")
        if self.labels and self.method not in LEARNS_FROM_LABELS:
            methods = " and ".join(LEARNS_FROM_LABELS)
            raise UsageError(f"--labels is of --method {methods}, not of {self.method}")
        if not 0 <= self.poor <= 1:
            raise UsageError(f"--poor {self.poor:g}: give a share of the views, 0 to 1")
        if not 0 <= self.validation < 1:
            raise UsageError(f"--validation {self.validation:g}: give a share of the participants, 0 up to 1")
        if self.watch is None and (self.watch_task, self.watch_epoch, self.watch_every) != (
            "activity",
            None,
            None,
        ):
            raise UsageError(
                "--watch-task, --watch-epoch and --watch-every are of --watch: name a study with it"
            )
        for term in self.terms:
            if "=" not in term:
                raise UsageError(f"--terms {term}: give SET=TERMS")
        self.reading().check()

    def _check_signal(self) -> None:
        """Raise UsageError for what does not go with the modality, or with the objective for it."""
        check_modality(self.modality)
        signal = MODALITIES[self.modality]
        if self.modality != "acc" and self.method == "relcon":
            raise UsageError(
                f"--method relcon is of acceleration, not of {self.modality}: --method participant"
            )
        if signal.channels and self.channels is not None:
            raise UsageError(f"--channels is of PPG and ECG: {signal.title} has three")
        if self.channels is not None and self.channels < 1:
            raise UsageError("--channels must be at least 1")
        if not 0 <= self.min_quality <= 1:
            raise UsageError(f"--min-quality {self.min_quality:g}: give a quality, 0 to 1")
        if self.momentum >= 1:
            raise UsageError(f"--momentum {self.momentum:g}: must be below 1, or the copy never follows")
        usual = Settings.__dataclass_fields__
        if signal.views != "motion":
            for option in OF_ACCELERATION if not signal.units else OF_ACCELERATION[:-1]:
                if getattr(self, option) != usual[option].default:
                    flag = "--" + option.replace("_", "-")
                    raise UsageError(f"{flag} is of acceleration, not of {self.modality}: leave it out")

    def _check_teacher(self) -> None:
        """Raise UsageError where distill has no teacher, or cannot look for its windows."""
        if not math.isfinite(self.clock_offset):
            raise UsageError(f"--clock-offset {self.clock_offset}: give seconds")
        if self.max_movement is not None and not MODALITIES[self.modality].movement:
            raise UsageError(f"--max-movement is of acceleration, not of {self.modality}: leave it out")
        if self.method == "distill" and self.teacher is None:
            raise UsageError(
                "--method distill needs a --teacher: a model of another signal of the same people and time, "
                "such as ppg or a run folder"
            )

    def _check_method(self) -> None:
        """Raise UsageError for what is of one method alone, and not of this one."""
        usual = Settings.__dataclass_fields__
        of_methods = (("participant", OF_PARTICIPANT), ("distill", OF_DISTILL), ("multitask", ("whiten",)))
        for method, options in of_methods:
            for option in options if method != self.method else ():
                if getattr(self, option) != usual[option].default:
                    turned_off = usual[option].default is True
                    flag = ("--no-" if turned_off else "--") + option.replace("_", "-")
                    raise UsageError(f"{flag} is of --method {method}, not of {self.method}")

    def reading(self) -> Reading:
        """Return how the files are read."""
        options = (self.unit, self.rate_hz, self.columns, self.time_column, self.time_unit)
        return Reading.from_options(*options).for_signal(self.modality, self.channels)

    def views(self, modality: Modality | None = None) -> Augment | Cascade:
        """What a window goes through to become a view; modality: in place of the run's own."""
        views = MODALITIES[modality or self.modality].views
        if views == "rotation":
            return ROTATION
        if views != "motion":
            return CASCADES[views]
        return Augment(self.max_degrees, self.noise, self.scale, self.warp, p_poor=self.poor)

    def write(self, path: Path, comment: str) -> None:
        """As TOML under [pretrain], under one line of comment; what is None is left out."""
        lines = [f"# {comment}", "[pretrain]"]
        for key, value in asdict(self).items():
            if value is not None:
                # JSON's strings, numbers, truth values and lists are TOML's too.
                lines.append(f"{key} = {json.dumps(value)}")
        with atomic_file(path) as temporary:
            temporary.write_text("\n".join(lines) + "\n")

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """The settings that a run was started with."""
        if not path.is_file():
            raise UsageError(f"{path.parent}: no run to resume ({path.name} is missing): name a run folder")
        try:
            table = tomllib.loads(path.read_text())["pretrain"]
            known = {field.name for field in fields(cls)}
            if unknown := sorted(set(table) - known):
                raise ValueError(f"unknown setting {unknown[0]}")
            values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
            return cls(**values)
        except (KeyError, ValueError, TypeError) as error:
            raise InputError(f"{path}: cannot be resumed ({error}): start the run anew") from None
