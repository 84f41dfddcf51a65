"""The settings of a pretraining run: what all methods have in common, and the options of its own method."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from wearcli.encoders import ENCODERS
from wearcli.modality import MIN_QUALITY, MODALITIES, Modality
from wearcli.options import OptionField, option, option_fields
from wearcli.recordings.reading import Reading
from wearcli.training.methods.registry import METHODS, method_named
from wearcli.training.views.options import ViewOptions

VALIDATION_BATCHES = 4
DEFAULT_STEPS = 10_000
Schedule = Literal["cosine", "constant", "step"]
Precision = Literal["auto", "bf16", "fp32"]


def _by_signal(name: str) -> str:
    """A number of each signal's record, for the help; the most usual signal first."""
    values = {signal: getattr(record, name) for signal, record in MODALITIES.items()}
    usual = values.pop("acc")
    others = [f"{signal} {value:g}" for signal, value in values.items() if value != usual]
    return f"{usual:g}; " + ", ".join(others)


def _units() -> str:
    """The units that files may be in, by signal, for the help."""
    return "; ".join(
        f"{name} {', '.join(record.units)}" for name, record in MODALITIES.items() if record.units
    )


def _by_paired_method(name: str) -> str:
    """A number of each method with a teacher, for the help."""
    cuts = {method.name: method.paired for method in METHODS.values()}
    return "".join(f"; {method} {getattr(cut, name):g}" for method, cut in cuts.items() if cut is not None)


@dataclass(frozen=True)
class RunOptions:
    """What is trained, and what the model is called."""

    method: str = field(
        default="simclr", metadata=option("The objective to train with.", choices=lambda: tuple(METHODS))
    )
    preset: Literal["default", "paper"] = field(
        default="default",
        metadata=option("Defaults of all options: what trains best here, or what the method's paper used."),
    )
    encoder: str = field(
        default="fast", metadata=option("The encoder to train.", choices=lambda: tuple(ENCODERS))
    )
    revin: bool = field(
        default=False,
        metadata=option("Normalise each window inside the encoder; this hides gravity's direction."),
    )
    seed: int = field(default=0, metadata=option("Seed of everything random.", minimum=0))
    name: str | None = field(
        default=None, metadata=option("Name of the model.", default_text="METHOD-ENCODER")
    )
    licence: str = field(default="not stated", metadata=option("Licence of the weights, for the model card."))
    terms: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "Terms of use of a training set, for the model card; may be given again.", metavar="SET=TERMS"
        ),
    )


@dataclass(frozen=True)
class DataOptions:
    """What is learned from, and how recordings are read and cut into windows."""

    paths: tuple[str, ...] = ()
    modality: Modality = field(
        default="acc", metadata=option("The signal to learn from. Window stores have their own.")
    )
    channels: int | None = field(
        default=None,
        metadata=option(
            "Number of channels of PPG or ECG to use.",
            minimum=1,
            modalities=lambda modality: not MODALITIES[modality].channels,
            default_text="all",
        ),
    )
    min_quality: float = field(
        default=MIN_QUALITY,
        metadata=option(
            "Leave out windows of PPG or ECG of a lower quality, 0 to 1; 0 keeps all. With distill this is "
            "about the teacher's signal.",
            minimum=0,
            maximum=1,
        ),
    )
    rate: float | None = field(
        default=None,
        metadata=option(
            "Sample rate of the windows, Hz.",
            above=0,
            default_text="that of a window store, else " + _by_signal("rate_hz"),
        ),
    )
    window: float | None = field(
        default=None,
        metadata=option(
            "Length of a window, seconds.",
            above=0,
            default_text="that of a window store, else "
            + _by_signal("window_s")
            + _by_paired_method("window_s"),
        ),
    )
    stride: float | None = field(
        default=None,
        metadata=option(
            "Time from the start of a window to the start of the next, seconds.",
            above=0,
            default_text="that of a window store, else one window" + _by_paired_method("stride_s"),
        ),
    )
    participant_from: str | None = field(
        default=None,
        metadata=option(
            "Rule that names the participant of a recording: folder, file, recording, or regex:PATTERN with "
            "one group.",
            default_text="recordings.csv, else the folder or file name",
        ),
    )
    unit: str | None = field(
        default=None,
        metadata=option(
            f"Unit of the signal in the files: {_units()}; of raw counts their scale, such as 1/256g.",
            default_text="by the magnitude of the values",
            modalities=lambda modality: bool(MODALITIES[modality].units),
        ),
    )
    rate_hz: float | None = field(
        default=None, metadata=option("Sample rate of files that hold no time, Hz.")
    )
    columns: str | None = field(
        default=None,
        metadata=option("Columns of the signal, separated by commas, such as x,y,z.", default_text="by name"),
    )
    time_column: str | None = field(
        default=None, metadata=option("Column that holds the time.", default_text="by name")
    )
    time_unit: str | None = field(
        default=None,
        metadata=option(
            "Unit of the time column: s, ms, us, ns, iso; excel or matlab for day numbers, days since 1970; "
            "dmy, mdy or ymd for the order of written dates.",
            default_text="by the values",
        ),
    )
    timezone: str | None = field(
        default=None,
        metadata=option(
            "Zone of clocks that state none: a name such as Europe/Berlin, or an offset such as -05:00.",
            default_text="UTC",
        ),
    )

    def reading(self) -> Reading:
        """How the files are read."""
        options = (self.unit, self.rate_hz, self.columns, self.time_column, self.time_unit, self.timezone)
        return Reading.from_options(*options).for_signal(self.modality, self.channels)


@dataclass(frozen=True)
class Optimisation:
    """How long and how fast a run learns. A run by minutes depends on the machine, the others repeat."""

    steps: int | None = field(
        default=None,
        metadata=option(
            "Length in steps; one batch a step.",
            above=0,
            default_text=f"{DEFAULT_STEPS} where --minutes and --epochs are left out too",
        ),
    )
    minutes: float | None = field(
        default=None,
        metadata=option(
            "Length in minutes; training ends at the first limit that is reached.",
            above=0,
            default_text="no limit",
        ),
    )
    epochs: float | None = field(
        default=None,
        metadata=option(
            "Length in epochs (one epoch = as many anchors as training windows).",
            above=0,
            default_text="no limit",
        ),
    )
    batch: int = field(
        default=256,
        metadata=option("Anchors a step; with simclr, participant and distill, pairs of windows.", minimum=2),
    )
    lr: float = field(default=1e-3, metadata=option("Highest learning rate.", above=0))
    weight_decay: float = field(default=0.01, metadata=option("Weight decay of AdamW.", minimum=0))
    schedule: Schedule = field(
        default="cosine",
        metadata=option(
            "Course of the learning rate: cosine falls to a hundredth, constant stays, step halves it after "
            "each fifth of the run."
        ),
    )
    warmup: int = field(
        default=200,
        metadata=option("Steps in which the learning rate rises; at most a tenth of --steps.", minimum=0),
    )
    clip_norm: float = field(
        default=1.0, metadata=option("Greatest norm of the gradient; 0 sets no limit.", minimum=0)
    )
    precision: Precision = field(
        default="auto",
        metadata=option("Number format; auto takes bf16 where the machine multiplies in it, else fp32."),
    )


@dataclass(frozen=True)
class Validation:
    """Which people choose the best weights, how often, and when a run that learns no more stops."""

    validation: float = field(
        default=0.1,
        metadata=option(
            "Share of the participants set aside to choose the best weights; 0 sets nobody aside.",
            minimum=0,
            below=1,
        ),
    )
    validate_every: int = field(
        default=500, metadata=option("Steps from one validation to the next.", minimum=1)
    )
    patience: int = field(
        default=20,
        metadata=option(
            "Stop after so many validations in a row without a better one; 0 never stops.", minimum=0
        ),
    )
    checkpoint_every: int = field(
        default=500, metadata=option("Steps from one checkpoint to the next.", minimum=1)
    )


@dataclass(frozen=True)
class Watching:
    """A labelled study on which the frozen encoder is scored during the run; it changes nothing learned."""

    watch: str | None = field(
        default=None,
        metadata=option(
            "Labelled recordings that are not trained on, or their file of labels: the log gets the score of "
            "a probe on the frozen encoder, beside that of the hand-made features.",
            metavar="STUDY",
        ),
    )
    watch_task: str = field(
        default="activity", metadata=option("Task of the probe of --watch, named as for `probe --task`.")
    )
    watch_epoch: float | None = field(
        default=None,
        metadata=option(
            "Time over which the windows of --watch are pooled, seconds.", above=0, default_text="no pooling"
        ),
    )
    watch_every: int | None = field(
        default=None,
        metadata=option(
            "Steps from one score of --watch to the next.", above=0, default_text="--validate-every"
        ),
    )
    tensorboard: bool = field(
        default=False, metadata=option("Write TensorBoard event files to RUN/tensorboard/ too.")
    )


@dataclass(frozen=True)
class Settings:
    """Everything that decides what a run learns; on the command line and in config.toml it is one flat list.

    Attributes:
        own: The options of the method, an instance of its `Method.options`.
    """

    run: RunOptions
    data: DataOptions
    optimisation: Optimisation
    views: ViewOptions
    validation: Validation
    watching: Watching
    own: Any

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> "Settings":
        """The settings with these options by name, and all others at the default of their field.

        Options that the method does not have are left out; `options.refuse_foreign` tells of them.
        """
        method = method_named(options.get("method", RunOptions.method))
        return cls(
            **{part: _filled(kind, options) for part, kind in PARTS.items()},
            own=_filled(method.options, options),
        )

    def flat(self) -> dict[str, Any]:
        """All options by name, those of the method last."""
        return {item.name: getattr(part, item.name) for part in self._parts() for item in fields(part)}

    def changed(self, **options: Any) -> "Settings":
        """The same settings but for these options."""
        parts = {name: getattr(self, name) for name in (*PARTS, "own")}
        for name, part in parts.items():
            names = {item.name for item in fields(part)}
            parts[name] = replace(part, **{key: value for key, value in options.items() if key in names})
        return replace(self, **parts)

    def _parts(self) -> Iterator[Any]:
        yield from (getattr(self, part) for part in (*PARTS, "own"))


PARTS: dict[str, type] = {
    "run": RunOptions,
    "data": DataOptions,
    "optimisation": Optimisation,
    "views": ViewOptions,
    "validation": Validation,
    "watching": Watching,
}


def common_options() -> Iterator[OptionField]:
    """The options that every method has."""
    for part in PARTS.values():
        yield from option_fields(part)


def option_names(part: type) -> set[str]:
    """The names of the options of a part."""
    return {item.name for item in option_fields(part)}


def _filled(kind: type, options: Mapping[str, Any]) -> Any:
    """A part of the settings, with the options that belong to it."""
    parsers = {item.name: item.parse for item in option_fields(kind)}
    names = {item.name for item in fields(kind)}
    return kind(**{key: parsers.get(key, tuple)(value) for key, value in options.items() if key in names})
