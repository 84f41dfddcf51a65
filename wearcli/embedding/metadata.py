"""What made an embeddings table: the JSON document in its schema's metadata, under the key `wearcli`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypedDict

from wearcli.documents import Fields, parse_json
from wearcli.modality import FEATURE_SETS, FeatureSet

ADVICE = "make the table again with 'wearcli embed --overwrite'"


class ModelName(TypedDict, total=False):
    """The model that made the embeddings, as it stands in documents."""

    name: str
    sha256: str


@dataclass(frozen=True)
class ModelIdentity:
    """A model by its name and the SHA-256 of its weights; None where a document does not state it."""

    name: str | None = None
    sha256: str | None = None

    @classmethod
    def from_json(cls, fields: Fields) -> Self:
        """Return the identity that a document states.

        Raises:
            InputError: the name or the SHA-256 is no text.
        """
        return cls(fields.optional(fields.text, "name"), fields.optional(fields.text, "sha256"))

    def to_json(self) -> ModelName:
        """Return the JSON object; empty where nothing is stated."""
        document: ModelName = {}
        if self.name is not None:
            document["name"] = self.name
        if self.sha256 is not None:
            document["sha256"] = self.sha256
        return document


@dataclass(frozen=True)
class EmbedArguments:
    """The arguments of the `embed` run that made a table.

    Attributes:
        paths: The recordings and folders as they were given.
        participant_from: The rule that gave each recording its participant; None for the default.
        max_missing: The largest share of a window that may lie in gaps.
        features: The set of hand-made features, where it is not the signal's first.
        reading: How the files were read, by option; only what differs from the default.
    """

    paths: tuple[str, ...] = ()
    participant_from: str | None = None
    max_missing: float | None = None
    features: FeatureSet | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, fields: Fields) -> Self:
        """Return the arguments that a document states.

        Raises:
            InputError: an argument has another type.
        """
        features = fields.optional(fields.text, "features")
        if features not in (None, *FEATURE_SETS):
            raise fields.error(f"its features are {features!r}, not {' or '.join(FEATURE_SETS)}")
        return cls(
            fields.optional(fields.texts, "paths") or (),
            fields.optional(fields.text, "participant_from"),
            fields.optional(fields.fraction, "max_missing"),
            features,
            fields.without("paths", "participant_from", "max_missing", "features"),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        features = {} if self.features is None else {"features": self.features}
        return {
            "paths": list(self.paths),
            "participant_from": self.participant_from,
            "max_missing": self.max_missing,
            **self.reading,
            **features,
        }


@dataclass(frozen=True)
class TableMetadata:
    """All that the rows of an embeddings table depend on, and where its labels may be.

    A table of another tool may leave out what it does not know: that is None, or empty.

    Attributes:
        version: Of wearcli.
        pipeline: Of the code that read, cut and described the recordings, see `embedding.pipeline`.
        model: The model that embedded.
        rate_hz: Samples a second, per channel, of what the model saw.
        window_s: Length of a window, s.
        stride_s: From the begin of a window to the begin of the next, s.
        unit: Of the signal.
        modality: The signal.
        feature_names: Of the column `features`, in order.
        arguments: Of the run.
        sidecars: Tables beside the recordings (labels, participants, ...), by kind, as the run saw them.
        recordings_planned: Names of all recordings that the run was given; one that has no row failed or
            was too short.
        participant_doubt: Why the participants of the rows are not certain; None where they are.
    """

    version: str | None = None
    pipeline: int | None = None
    model: ModelIdentity = ModelIdentity()
    rate_hz: float | None = None
    window_s: float | None = None
    stride_s: float | None = None
    unit: str | None = None
    modality: str | None = None
    feature_names: tuple[str, ...] = ()
    arguments: EmbedArguments = EmbedArguments()
    sidecars: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    recordings_planned: tuple[str, ...] = ()
    participant_doubt: str | None = None

    @classmethod
    def from_json(cls, document: object, name: str) -> Self:
        """Return the metadata that a JSON document states; keys that it does not know are ignored.

        Args:
            document: the JSON object.
            name: the table's name in messages.

        Raises:
            InputError: the document is damaged: a value has another type, or cannot be.
        """
        fields = Fields(document, name, ADVICE)
        return cls(
            fields.optional(fields.text, "version"),
            fields.optional(fields.count, "pipeline"),
            ModelIdentity.from_json(fields.inner("model")),
            fields.optional(fields.number, "rate_hz"),
            fields.optional(fields.number, "window_s"),
            fields.optional(fields.number, "stride_s"),
            fields.optional(fields.text, "unit"),
            fields.optional(fields.text, "modality"),
            fields.optional(fields.texts, "feature_names") or (),
            EmbedArguments.from_json(fields.inner("arguments")),
            _sidecars(fields.inner("sidecars")),
            fields.optional(fields.texts, "recordings_planned") or (),
            fields.optional(fields.text, "participant_doubt"),
        )

    @classmethod
    def parse(cls, text: bytes, name: str) -> Self:
        """Return the metadata that a JSON text states; see `from_json`."""
        return cls.from_json(parse_json(text, name, ADVICE), name)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON document; what is not known is left out."""
        document = {
            "version": self.version,
            "pipeline": self.pipeline,
            "model": self.model.to_json() or None,
            "rate_hz": self.rate_hz,
            "window_s": self.window_s,
            "stride_s": self.stride_s,
            "unit": self.unit,
            "modality": self.modality,
            "feature_names": list(self.feature_names),
            "arguments": self.arguments.to_json(),
            "sidecars": {kind: list(paths) for kind, paths in self.sidecars.items()},
            "recordings_planned": list(self.recordings_planned),
            "participant_doubt": self.participant_doubt,
        }
        return {key: value for key, value in document.items() if value is not None}

    def encode(self) -> bytes:
        """Return the JSON text, with sorted keys: equal metadata are equal bytes."""
        return json.dumps(self.to_json(), sort_keys=True).encode()


def _sidecars(fields: Fields) -> dict[str, tuple[str, ...]]:
    """The paths by kind; older tables name one path without a list."""
    return {
        kind: (value,) if isinstance(value, str) else fields.texts(kind)
        for kind, value in fields.without().items()
    }
