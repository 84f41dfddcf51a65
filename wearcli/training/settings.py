"""What a pretraining run is made of: kept in the run's config.toml, which is also a valid --config."""

import json
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from wearcli.encoders import ENCODERS
from wearcli.errors import InputError, UsageError
from wearcli.files import atomic_file
from wearcli.recordings.open import check_reading


@dataclass(frozen=True)
class Settings:
    """Everything that decides what a run learns; the names are those of the command's options.

    paths: recordings, folders of them, or window stores. method: the objective. revin: each window
    normalised inside the encoder, which hides gravity's direction from it. steps, minutes: how long,
    whichever comes first; a run by minutes depends on the machine's speed, one by steps is repeatable.
    warmup: steps in which the learning rate rises. rate, window, stride: of windows cut from recordings,
    Hz and seconds; a store has its own. positive_seconds: how far apart the two windows of a pair may lie.
    max_degrees, noise, scale, warp: of a view, see `Augment`; 0 turns each off. validation: share of the
    participants set aside to choose the best weights. patience: validations without a better one before
    the run stops; 0 is never. precision: bf16,
    fp32, or auto for bf16 where the machine multiplies in it. licence: of the weights; terms: SET=TERMS,
    those of a training set's data; both for the card. From participant_from on: how recordings are read,
    see `recordings.open_recording`.
    """

    paths: tuple[str, ...] = ()
    method: str = "simclr"
    encoder: str = "fast"
    revin: bool = False
    steps: int | None = None
    minutes: float | None = None
    batch: int = 256
    lr: float = 1e-3
    weight_decay: float = 0.01
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
    temperature: float = 0.1
    validation: float = 0.1
    validate_every: int = 500
    patience: int = 20
    checkpoint_every: int = 500
    precision: str = "auto"
    seed: int = 0
    name: str | None = None
    licence: str = "not stated"
    terms: tuple[str, ...] = ()
    participant_from: str | None = None
    unit: str | None = None
    rate_hz: float | None = None
    columns: str | None = None
    time_column: str | None = None
    time_unit: str | None = None

    def check(self) -> None:
        """Raise UsageError for a value that no run can have."""
        if self.method != "simclr":
            raise UsageError(f"no method '{self.method}': --method takes simclr")
        if self.encoder not in ENCODERS:
            raise UsageError(f"no encoder '{self.encoder}': --encoder takes {', '.join(ENCODERS)}")
        if self.precision not in ("auto", "bf16", "fp32"):
            raise UsageError(f"no precision '{self.precision}': --precision takes auto, bf16 or fp32")
        for option in ("steps", "minutes", "lr", "rate", "window", "stride", "temperature", "clip_norm"):
            value = getattr(self, option)
            if value is not None and not value > 0:
                raise UsageError(f"--{option.replace('_', '-')} {value:g}: must be above 0")
        for option in ("batch", "validate_every", "checkpoint_every"):
            least = 2 if option == "batch" else 1
            if getattr(self, option) < least:
                raise UsageError(f"--{option.replace('_', '-')} must be at least {least}")
        for option in (
            "warmup",
            "patience",
            "positive_seconds",
            "max_degrees",
            "noise",
            "scale",
            "warp",
            "weight_decay",
            "seed",
        ):
            if getattr(self, option) < 0:
                raise UsageError(f"--{option.replace('_', '-')} must not be below 0")
        if not 0 <= self.validation < 1:
            raise UsageError(f"--validation {self.validation:g}: give a share of the participants, 0 up to 1")
        for term in self.terms:
            if "=" not in term:
                raise UsageError(f"--terms {term}: give SET=TERMS")
        check_reading(**self.reading())

    def reading(self) -> dict[str, Any]:
        """How to read the files, as `open_recording` takes it; what is not set is left out."""
        options = {
            "unit": self.unit,
            "rate_hz": self.rate_hz,
            "channel_columns": [c.strip() for c in self.columns.split(",")] if self.columns else None,
            "time_column": self.time_column,
            "time_unit": self.time_unit,
        }
        return {name: value for name, value in options.items() if value is not None}

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
