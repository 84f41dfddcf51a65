"""probe.json: the result of a probe, and what it was made of."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from wearcli.documents import parse
from wearcli.errors import InputError
from wearcli.probing.options import ProbeOptions
from wearcli.probing.result import ProbeResult

FORMAT = 1
_TODO = "fit the probe again"


@dataclass(frozen=True)
class Signal:
    """The windows that the embeddings are of; None what the table does not say."""

    rate_hz: float | None = None
    window_s: float | None = None
    stride_s: float | None = None
    unit: str | None = None
    modality: str | None = None


@dataclass(frozen=True, kw_only=True)
class SampleInput:
    """What a probe takes.

    Attributes:
        dimension: Numbers of an embedding.
        features_dimension: Numbers of the hand-made features, None without them.
        pooling: How several windows become a sample, None where a sample is a window.
        placements: Where the sensors were, as far as the tables say.
        epoch_s: Length of an epoch (s), None without epochs.
        sample_s: Median length of a sample (s).
    """

    dimension: int | None = None
    features_dimension: int | None = None
    pooling: str | None = None
    placements: list[str] | None = None
    epoch_s: float | None = None
    sample_s: float | None = None


@dataclass(frozen=True)
class ProbeDocument:
    """What probe.json holds: the keys of the result, then those of this class.

    Attributes:
        result: The scores, see `ProbeResult`.
        wearcli: The version that fitted the probe.
        protocol: How it was scored, in words.
        signal: The windows of the embeddings.
        input: What a sample is.
        labels: SHA-256 of each table of labels.
        versions: Of Python and the libraries.
        arguments: What `wearcli.probe` was called with.
    """

    result: ProbeResult
    wearcli: str
    protocol: str
    signal: Signal
    input: SampleInput
    labels: dict[str, str]
    versions: dict[str, str]
    arguments: ProbeOptions

    @property
    def sample_s(self) -> float | None:
        """Length (s) of the epochs that a probe takes; None where it takes windows or people.

        In a regression without epochs it is the median of the intervals.
        """
        if self.result.level == "participant":
            return None
        if self.input.epoch_s:
            return float(self.input.epoch_s)
        sample_s = self.input.sample_s if self.result.kind == "regression" else None
        return float(sample_s) if sample_s and sample_s > (self.signal.window_s or 0.0) else None

    @classmethod
    def from_json(cls, values: object, folder: Path) -> "ProbeDocument":
        """Parse a probe.json, of an older wearcli too.

        Raises:
            InputError: Something is missing or damaged, or a later wearcli wrote it.
        """
        name = str(folder / "probe.json")
        if not isinstance(values, dict):
            raise InputError(f"{name}: it is not a JSON object: {_TODO}")
        if absent := [key for key in ("format", "input", "protocol", "arguments") if key not in values]:
            raise InputError(f"{name}: no {absent[0]} in it: {_TODO}")
        if not isinstance(values["format"], int) or values["format"] > FORMAT:
            raise InputError(
                f"{folder}: a probe of a later wearcli (format {values['format']}): upgrade wearcli"
            )
        result = parse(ProbeResult, values, name, _TODO)
        if result.kind not in ("classification", "regression"):
            raise InputError(f"{name}: unknown kind '{result.kind}': {_TODO}")
        return cls(
            result,
            wearcli=str(values.get("wearcli", "?")),
            protocol=str(values["protocol"]),
            signal=parse(Signal, values.get("signal") or {}, name, _TODO),
            input=parse(SampleInput, values["input"], name, _TODO),
            labels=values.get("labels") or {},
            versions=values.get("versions") or {},
            arguments=ProbeOptions.from_json(values["arguments"], name, _TODO),
        )

    def to_json(self) -> dict[str, Any]:
        """The document as it is written."""
        own = {field.name: getattr(self, field.name) for field in fields(self)[1:]}
        plain = {"signal": asdict(self.signal), "input": asdict(self.input)}
        return {
            "format": FORMAT,
            **self.result.to_json(),
            **own,
            **plain,
            "arguments": self.arguments.to_json(),
        }
