"""What a run of `embed` did, and what a caller may watch while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from wearcli.embedding.stream import Stream
from wearcli.embedding.table import Extent
from wearcli.recordings.recording import Source


@dataclass
class EmbedResult:
    """What a run did; `to_json` has the keys that others rely on.

    participant_doubt: why the participants are not certain, in one line; "" where they are.
    not_read: how many files that may be recordings are not read, by suffix.
    plan: what becomes of each recording; sizes: bytes of those to embed. kept: recordings whose rows are as
    an earlier run made them. extents: how long each recording in the table is. output is empty where nothing
    was written. shard: the shard of the study that was embedded, "" for the whole study.
    """

    model: str
    output: str
    participant_rule: str = ""
    participant_doubt: str = ""
    not_read: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    plan: dict[str, Literal["embed", "keep"]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    recordings: int = 0
    windows: int = 0
    hours: float = 0.0
    seconds: float = 0.0
    embedded: int = 0
    kept: int = 0
    windows_embedded: int = 0
    windows_dropped: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    warnings: dict[str, list[str]] = field(default_factory=dict)
    interrupted: bool = False
    extents: dict[str, Extent] = field(default_factory=dict)
    shard: str = ""

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`: windows_per_s counts the windows embedded now."""
        return {
            "recordings": self.recordings,
            "failed": self.failed,
            "windows": self.windows,
            "hours": round(self.hours, 4),
            "seconds": round(self.seconds, 3),
            "windows_per_s": round(self.windows_embedded / self.seconds, 1) if self.seconds else 0.0,
            "model": self.model,
            "output": self.output,
            "embedded": self.embedded,
            "kept": self.kept,
            "windows_dropped": self.windows_dropped,
            "participant_rule": self.participant_rule,
            "participant_doubt": self.participant_doubt,
            "not_read": self.not_read,
            "notes": self.notes,
            "warnings": self.warnings,
            **({"shard": self.shard} if self.shard else {}),
        }


@dataclass
class Watcher:
    """What a caller may watch: the plan before the work, each batch, each recording's end.

    advanced: windows of this batch, and the share of the recording that is done (0 where it cannot be told).
    """

    planned: Callable[[EmbedResult], None] = lambda result: None
    advanced: Callable[[Source, int, float], None] = lambda source, windows, share: None
    finished: Callable[[Stream], None] = lambda stream: None
