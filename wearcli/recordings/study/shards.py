"""A study in shards: each node works on one, and no node has to ask another which one it is."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from wearcli.errors import UsageError
from wearcli.files import content_bytes
from wearcli.recordings.formats.registry import FORMATS
from wearcli.recordings.recording import Source

_WRITTEN = re.compile(r"(\d{1,9})/(\d{1,9})")


def files_behind(source: Source) -> list[Path]:
    """Return the files that hold a recording: several of a WFDB record, missing ones too."""
    return FORMATS[source.format].files_behind(source.path)


def source_bytes(source: Source) -> int:
    """Return the bytes of a recording on disk."""
    return sum(map(content_bytes, files_behind(source)))


@dataclass(frozen=True)
class Shard:
    """One of the shards of a study.

    Attributes:
        number: Which one, from 1.
        count: How many there are.
    """

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the shard that is written as NUMBER/COUNT.

        Raises:
            UsageError: The text is something else, or there is no such shard.

        Example:
            >>> Shard.parse("3/64")
            Shard(number=3, count=64)
        """
        match = _WRITTEN.fullmatch(text.strip())
        shard = cls(int(match[1]), int(match[2])) if match else None
        if shard is None or not 1 <= shard.number <= shard.count:
            raise UsageError(f"--shard {text}: give the shard and their number, such as 3/64 (from 1/64 on)")
        return shard

    def __str__(self) -> str:
        """Return the shard as `parse` takes it."""
        return f"{self.number}/{self.count}"

    def choose(self, sources: Sequence[Source], sizes: Mapping[str, int]) -> list[Source]:
        """Return the recordings of this shard: neighbours in the study, about as many bytes as in the others.

        The choice depends on the names, their order and the sizes alone. A shard has at most the mean of all
        shards and its largest recording.

        Args:
            sources: All recordings of the study, in order.
            sizes: Their bytes, by name.
        """
        weights = [max(sizes[source.recording], 1) for source in sources]
        total, begin, chosen = sum(weights), 0, []
        for source, weight in zip(sources, weights, strict=True):
            if begin * self.count // total == self.number - 1:
                chosen.append(source)
            begin += weight
        return chosen


def study_hash(sources: Sequence[Source], sizes: Mapping[str, int]) -> str:
    """Return what tells whether two nodes saw the same study: a hash of its names, people and sizes.

    Args:
        sources: All recordings of the study, in order.
        sizes: Their bytes, by name.
    """
    total = hashlib.sha256()
    for source in sources:
        total.update(json.dumps([source.recording, source.participant, sizes[source.recording]]).encode())
    return total.hexdigest()


def choose_shard(shard: Shard | str | None, sources: Sequence[Source]) -> list[Source]:
    """Return the recordings of a shard; all of them for None.

    Args:
        shard: The shard, or what `Shard.parse` takes.
        sources: All recordings of the study, in order.

    Raises:
        UsageError: There is no such shard.
    """
    if shard is None:
        return list(sources)
    shard = Shard.parse(shard) if isinstance(shard, str) else shard
    return shard.choose(sources, {source.recording: source_bytes(source) for source in sources})
