"""What a probe is asked to do: the arguments of `wearcli.probe`, as probe.json keeps them."""

from dataclasses import asdict, dataclass, field
from typing import Any

from wearcli.documents import parse
from wearcli.labels.by_person import Level
from wearcli.labels.defaults import MIN_QUALITY
from wearcli.labels.named import Kind


@dataclass(frozen=True, kw_only=True)
class ProbeOptions:
    """The arguments of `wearcli.probe`, which explains them; paths are texts, a stream is `stdin`."""

    embeddings: list[str] = field(default_factory=lambda: ["embeddings.parquet"])
    task: str = ""
    labels: str | None = None
    target: list[str] | None = None
    kind: Kind | None = None
    positive: str | None = None
    label_map: str | None = None
    leave_out: str | None = None
    test: list[str] = field(default_factory=list)
    label_share: list[float] = field(default_factory=list)
    level: Level = "window"
    min_segments: int = 1
    epoch: float | None = None
    probe: str = "both"
    folds: int = 5
    bootstrap: int = 2000
    seed: int = 0
    keep_nonwear: bool = False
    min_quality: float = MIN_QUALITY

    @classmethod
    def from_json(cls, values: object, name: str, todo: str) -> "ProbeOptions":
        """The `arguments` of a probe.json; an older wearcli has fewer keys, and one table as a text."""
        if isinstance(values, dict) and isinstance(values.get("embeddings"), str):
            values = values | {"embeddings": [values["embeddings"]]}
        return parse(cls, values, name, todo)

    def to_json(self) -> dict[str, Any]:
        """The keys of `arguments` in probe.json."""
        return asdict(self)
