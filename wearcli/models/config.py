"""config.json of a model folder: what the model takes and gives, and how it was made."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, cast

from wearcli.documents import Fields, parse, parse_json
from wearcli.modality import MODALITIES, FeatureSet, Modality

ADVICE = "fetch the model again, or export it again"
# Row (such as a set and its task) -> column -> figure, as text.
Scores = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class TrainingSet:
    """A data set that a model was trained on.

    Attributes:
        name: Name of the set.
        participants: Number of people.
        windows: Number of windows.
        hours: Hours of recordings.
        classes: Classes that were learned, where labels were.
        target: Column of the amounts that were learned, where amounts were.
        licence: Terms of the data.
        people: Names of the participants, or a range of them as text.
    """

    name: str
    participants: int | None = None
    windows: int | None = None
    hours: float | None = None
    classes: tuple[str, ...] | None = None
    target: str | None = None
    licence: str | None = None
    people: str | tuple[str, ...] | None = None

    @classmethod
    def from_json(cls, fields: Fields) -> Self:
        """Return the set that a JSON object describes.

        Raises:
            InputError: it has no name, or a value has another type.
        """
        return parse(cls, fields.without(), fields.name, fields.advice)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object; what is not stated is left out."""
        return _stated(vars(self))


@dataclass(frozen=True)
class Parity:
    """How close the ONNX graph came to the torch module when it was exported.

    Attributes:
        max_abs_difference: Greatest difference of a number of an embedding.
        windows: Number of real windows that were compared.
        allowed: Difference that was allowed.
        share_beyond: Share of the windows with a greater difference than that.
    """

    max_abs_difference: float = float("nan")
    windows: int = 0
    allowed: float | None = None
    share_beyond: float | None = None

    @classmethod
    def from_json(cls, fields: Fields) -> Self:
        """Return what a JSON object states; raises InputError where a value has another type."""
        return parse(cls, fields.without(), fields.name, fields.advice)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object; empty where nothing was compared."""
        return _stated(vars(self)) if self.windows else {}


@dataclass(frozen=True)
class TeacherModel:
    """The model that a distilled one learned from.

    Attributes:
        name: Its name.
        sha256: SHA-256 of its weights.
        modality: The signal that it embeds.
        dimension: Numbers of its embedding.
        frozen: Whether its weights stayed as they were.
    """

    name: str
    sha256: str
    modality: str
    dimension: int
    frozen: bool

    @classmethod
    def from_json(cls, fields: Fields) -> Self:
        """Return the teacher that a JSON object describes.

        Raises:
            InputError: a key is missing, or has another type.
        """
        return cls(
            fields.text("name"),
            fields.text("sha256"),
            fields.text("modality"),
            fields.count("dimension"),
            fields.flag("frozen"),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        return dict(vars(self))


@dataclass(frozen=True)
class ModelConfig:
    """config.json of a model folder.

    A model of another tool states the first eight; the rest has a default, or is not stated.

    Attributes:
        name: Name of the model.
        sha256: SHA-256 of model.onnx.
        rate_hz: Rate of the windows that the model takes, Hz.
        window_s: Length of a window, s.
        samples: Samples of a window, per channel.
        channels: Names of the channels.
        unit: Unit of the signal; "raw" is any.
        dimension: Numbers of an embedding.
        version: Version of the model.
        encoder: Name of its architecture, where wearcli can build it.
        stride_s: Seconds from window to window where nobody says; None is the length of a window.
        modality: The signal.
        normalisation: What the graph does to a window first: none, zscore or revin.
        training_sets: Data that it was trained on.
        licence: Licence of the weights.
        training: Settings of the run that made it, by name.
        metrics: Figures of that run, by name.
        wearcli: Version of wearcli that made it.
        features: Hand-made features that stand beside it; None is the signal's first set.
        teacher: The model that it learned from.
        parameters: Number of its weights.
        parity: How close the graph is to the torch module.
        notes: Lines that its card tells beside the data.
        scores: Tables of scores on the card.
        robustness: The same under disturbances.
        any_length: Whether it takes windows of any length.
        more: Keys that wearcli does not use.
    """

    name: str
    sha256: str
    rate_hz: float
    window_s: float
    samples: int
    channels: tuple[str, ...]
    unit: str
    dimension: int
    version: int | None = None
    encoder: str | None = None
    stride_s: float | None = None
    modality: Modality = "acc"
    normalisation: str | None = None
    training_sets: tuple[TrainingSet, ...] = ()
    licence: str | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    wearcli: str | None = None
    features: FeatureSet | None = None
    teacher: TeacherModel | None = None
    parameters: int | None = None
    parity: Parity = Parity()
    notes: tuple[str, ...] = ()
    scores: Scores = field(default_factory=dict)
    robustness: Scores = field(default_factory=dict)
    any_length: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, name: str) -> Self:
        """Return the config that a JSON text states; see `from_json`."""
        return cls.from_json(parse_json(text, name, ADVICE), name)

    @classmethod
    def from_json(cls, document: object, name: str) -> Self:
        """Return the config that a JSON document states.

        Args:
            document: The JSON object.
            name: The document's name in messages, such as its file.

        Raises:
            InputError: a key that is needed is missing, a value has another type, or values contradict
                each other.
        """
        fields = Fields(document, name, ADVICE)
        config = cls(
            fields.text("name"),
            fields.text("sha256"),
            fields.number("rate_hz"),
            fields.number("window_s"),
            fields.count("samples"),
            fields.texts("channels"),
            fields.text("unit"),
            fields.count("dimension"),
            fields.optional(fields.count, "version"),
            fields.optional(fields.text, "encoder"),
            fields.optional(fields.number, "stride_s"),
            cast(Modality, fields.optional(fields.text, "modality") or "acc"),
            fields.optional(fields.text, "normalisation"),
            tuple(
                TrainingSet.from_json(Fields(item, f"{name}: training_sets", ADVICE))
                for item in fields.optional(fields.objects, "training_sets") or ()
            ),
            fields.optional(fields.text, "licence"),
            fields.table("training"),
            fields.table("metrics"),
            fields.optional(fields.text, "wearcli"),
            cast(FeatureSet | None, fields.optional(fields.text, "features")),
            TeacherModel.from_json(fields.inner("teacher")) if fields.table("teacher") else None,
            fields.optional(fields.count, "parameters"),
            Parity.from_json(fields.inner("parity")),
            fields.optional(fields.texts, "notes") or (),
            _scores(fields.inner("scores")),
            _scores(fields.inner("robustness")),
            fields.optional(fields.flag, "any_length") or False,
            fields.without(*(key for key in cls.__dataclass_fields__ if key != "more")),
        )
        if problem := config._contradiction():
            raise fields.error(problem)
        return config

    def to_json(self) -> dict[str, Any]:
        """Return the JSON document; what is not stated is left out."""
        return _stated(
            {
                "name": self.name,
                "version": self.version,
                "encoder": self.encoder,
                "rate_hz": self.rate_hz,
                "window_s": self.window_s,
                "stride_s": self.stride_s,
                "samples": self.samples,
                "channels": list(self.channels),
                "unit": self.unit,
                "modality": self.modality,
                "normalisation": self.normalisation,
                "training_sets": [item.to_json() for item in self.training_sets],
                "licence": self.licence,
                "training": dict(self.training),
                "metrics": dict(self.metrics),
                "wearcli": self.wearcli,
                "features": self.features,
                "teacher": None if self.teacher is None else self.teacher.to_json(),
                "dimension": self.dimension,
                "parameters": self.parameters,
                "sha256": self.sha256,
                "parity": self.parity.to_json(),
                "notes": list(self.notes),
                "scores": dict(self.scores),
                "robustness": dict(self.robustness),
                "any_length": self.any_length or None,
                **self.more,
            }
        )

    def to_text(self) -> str:
        """Return the JSON text of config.json."""
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n"

    def stride_for(self, window_s: float) -> float:
        """Return the seconds from window to window where nobody says: its own for its own windows, else one.

        Args:
            window_s: Length of the windows, s.
        """
        return self.stride_s or window_s if window_s == self.window_s else window_s

    def _contradiction(self) -> str | None:
        """What cannot be, in words; None for a config that can be used."""
        if not abs(self.rate_hz * self.window_s - self.samples) <= 0.5:
            return f"{self.window_s:g} s at {self.rate_hz:g} Hz are not its {self.samples} samples"
        if not self.channels:
            return "it has no channels"
        signal = MODALITIES.get(self.modality)
        if signal is None:
            return f"its modality is {self.modality!r}, not one of {', '.join(MODALITIES)}"
        if self.features is not None and self.features not in signal.feature_sets:
            return f"its features are {self.features!r}, not {' or '.join(signal.feature_sets)}"
        expected, count = signal.channels, len(self.channels)
        if expected and (count != len(expected) or self.unit != signal.unit):
            return f"{signal.title} has {len(expected)} channels in {signal.unit}, not {count} in {self.unit}"
        return None


def _scores(fields: Fields) -> dict[str, dict[str, str]]:
    return {row: {name: str(value) for name, value in fields.table(row).items()} for row in fields.without()}


def _stated(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without None and without what is empty (but no training set is a fact); tuples as lists."""
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in values.items()
        if value is not None and (key == "training_sets" or value not in ((), [], {}))
    }
