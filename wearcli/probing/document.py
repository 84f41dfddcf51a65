"""probe.json: the result of a probe, and how it was made."""

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
    """The windows of the embeddings; None for what the table does not state.

    Attributes:
        rate_hz: Rate, Hz.
        window_s: Length of a window, s.
        stride_s: Time from a window to the next, s.
        unit: Unit of the values.
        modality: The signal.
    """

    rate_hz: float | None = None
    window_s: float | None = None
    stride_s: float | None = None
    unit: str | None = None
    modality: str | None = None


@dataclass(frozen=True, kw_only=True)
class SampleInput:
    """The samples that a probe takes.

    Attributes:
        dimension: How many numbers an embedding has.
        features_dimension: How many hand-made features there are, None without them.
        pooling: How several windows become a sample, None where a sample is a window.
        placements: Where the sensors were, as far as the tables state it.
        epoch_s: Length of an epoch, s; None without epochs.
        sample_s: Median length of a sample, s.
    """

    dimension: int | None = None
    features_dimension: int | None = None
    pooling: str | None = None
    placements: list[str] | None = None
    epoch_s: float | None = None
    sample_s: float | None = None


@dataclass(frozen=True)
class ProbeDocument:
    """The content of probe.json: the keys of the result, then those of this class.

    Attributes:
        result: The scores, see `ProbeResult`.
        wearcli: The version that fitted the probe.
        protocol: How it was scored, in words.
        signal: The windows of the embeddings.
        input: The samples.
        labels: SHA-256 of each table of labels.
        versions: Versions of Python and the libraries.
        arguments: The arguments of `wearcli.probe`.
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
        """Length of the epochs that a probe takes, s; None where it takes windows or people.

        For a regression without epochs it is the median of the intervals.
        """
        if self.result.level == "participant":
            return None
        if self.input.epoch_s:
            return float(self.input.epoch_s)
        sample_s = self.input.sample_s if self.result.kind == "regression" else None
        return float(sample_s) if sample_s and sample_s > (self.signal.window_s or 0.0) else None

    @classmethod
    def from_json(cls, values: object, folder: Path) -> "ProbeDocument":
        """Parse a probe.json, also one of an older wearcli.

        Args:
            values: The JSON values.
            folder: The probe folder, for messages.

        Returns:
            The document.

        Raises:
            InputError: Something is missing or damaged, or a later wearcli wrote it.
        """
        name = str(folder / "probe.json")
        if not isinstance(values, dict):
            raise InputError(f"{name}: it is not a JSON object: {_TODO}")
        if absent := [key for key in ("format", "input", "protocol", "arguments") if key not in values]:
            raise InputError(f"{name}: no {absent[0]} in it: {_TODO}")
        if not isinstance(values["format"], int) or not 0 <= values["format"] <= FORMAT:
            raise InputError(
                f"{folder}: a probe of a later wearcli (format {values['format']}): upgrade wearcli"
            )
        document = cls(
            parse(ProbeResult, values, name, _TODO),
            wearcli=str(values.get("wearcli", "?")),
            protocol=str(values["protocol"]),
            signal=parse(Signal, values.get("signal") or {}, name, _TODO),
            input=parse(SampleInput, values["input"], name, _TODO),
            labels=values.get("labels") or {},
            versions=values.get("versions") or {},
            arguments=ProbeOptions.from_json(values["arguments"], name, _TODO),
        )
        if problem := document._contradiction():
            raise InputError(f"{name}: {problem}: {_TODO}")
        return document

    def _contradiction(self) -> str | None:
        """What cannot be, in words; None for a document that can be used."""
        result, signal, sizes = self.result, self.signal, self.input
        if result.kind not in ("classification", "regression"):
            return f"unknown kind '{result.kind}'"
        for name, values in (("targets", result.targets), ("classes", result.classes)):
            if len(set(values)) != len(values):
                return f"one of its {name} stands there twice"
        if not result.targets or not result.scores:
            return f"it has no {'scores' if result.targets else 'targets'}"
        if (result.kind == "classification") != bool(result.classes):
            return f"a {result.kind} with {len(result.classes)} classes"
        if result.positive is not None and result.positive not in result.classes:
            return f"its positive class '{result.positive}' is none of its classes"
        shape = [len(result.classes)] * len(result.classes)
        for probe, rows in result.confusion.items():
            if [len(row) for row in rows] != shape:
                return f"the confusion of {probe} has not a row and a column a class"
        numbers = {
            **{f"signal.{name}": getattr(signal, name) for name in ("rate_hz", "window_s", "stride_s")},
            **{f"input.{name}": getattr(sizes, name) for name in ("dimension", "epoch_s", "sample_s")},
            **{f"temperature of {name}": item["temperature"] for name, item in result.calibration.items()},
        }
        wrong = [
            f"its {name} is {number}"
            for name, number in numbers.items()
            if number is not None and number <= 0
        ]
        return f"{wrong[0]}, not above 0" if wrong else None

    def to_json(self) -> dict[str, Any]:
        """Return the document as plain values, with the keys of probe.json."""
        own = {field.name: getattr(self, field.name) for field in fields(self)[1:]}
        plain = {"signal": asdict(self.signal), "input": asdict(self.input)}
        return {
            "format": FORMAT,
            **self.result.to_json(),
            **own,
            **plain,
            "arguments": self.arguments.to_json(),
        }
