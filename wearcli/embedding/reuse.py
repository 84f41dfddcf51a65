"""What a rerun may keep: rows of recordings whose content, settings and pipeline are as they were."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from wearcli.documents import parse_json
from wearcli.embedding.metadata import ADVICE, ModelIdentity, TableMetadata
from wearcli.embedding.recording_rows import RecordingRows
from wearcli.embedding.table import RECORDINGS_KEY, read_metadata
from wearcli.errors import InputError, UsageError, reason
from wearcli.files import content_sha256
from wearcli.recordings.recording import Source
from wearcli.recordings.study.shards import files_behind, source_bytes
from wearcli.words import counted

Action = Literal["embed", "keep"]
# Rows depend on them; the last one is the pipeline's too.
SETTINGS = ("model", "rate_hz", "window_s", "stride_s", "unit", "feature_names")
WAY_OUT = "name another output with -o, or --overwrite to embed everything anew"


def fingerprint(source: Source) -> str:
    """Return the hex SHA-256 of a recording's content and of what its sidecars state about it."""
    stated: list[object] = [
        source.recording,
        source.participant,
        source.placement,
        source.rate_hz,
        str(source.start),
    ]
    if source.reading is not None:
        stated.append(source.reading.to_json())
    files = [file for file in files_behind(source) if file == source.path or file.exists()]
    content = "".join(map(content_sha256, files))
    return hashlib.sha256(f"{content}{json.dumps(stated)}".encode()).hexdigest()


def fingerprints(sources: Sequence[Source], workers: int) -> dict[str, str]:
    """Return the fingerprint of each recording by name; "" for one that cannot be read, which fails later."""

    def readable(source: Source) -> str:
        try:
            return fingerprint(source)
        except OSError:
            return ""

    with ThreadPoolExecutor(workers) as pool:
        names = [source.recording for source in sources]
        return dict(zip(names, pool.map(readable, sources), strict=True))


class EarlierRows(Protocol):
    """Rows that an earlier run made."""

    @property
    def recordings(self) -> Mapping[str, RecordingRows]:
        """Of each recording what is noted of it."""

    def rows(self, recording: str) -> Iterator[pa.Table]:
        """Yield the rows of a recording, in parts; raises InputError where they are damaged."""


class EarlierTable:
    """The embeddings table of an earlier run.

    Attributes:
        path: Its file.
        recordings: Of each recording what the table notes of it.
        metadata: What made the table.
        count: Its number of rows.
    """

    def __init__(self, path: Path, recordings: Mapping[str, RecordingRows], metadata: TableMetadata) -> None:
        self.path, self.recordings, self.metadata = path, recordings, metadata
        self._file = pq.ParquetFile(path, page_checksum_verification=True)
        sizes = [self._file.metadata.row_group(i).num_rows for i in range(self._file.num_row_groups)]
        self._starts = np.concatenate(([0], np.cumsum(sizes))).astype(int)
        self.count = int(self._starts[-1])
        self._group: tuple[int, pa.Table] | None = None  # the last one read: neighbours share it

    def rows(self, recording: str) -> Iterator[pa.Table]:
        """Yield the rows of a recording, in parts.

        Raises:
            InputError: The table is damaged.
        """
        try:
            for part in self._parts(recording):
                part.validate(full=True)
                if part.column("recording").unique().to_pylist() != [recording]:
                    raise ValueError("they are those of another one")
                yield part
        except Exception as error:  # whatever damage makes the library raise
            raise InputError(
                f"{self.path}: the rows of '{recording}' cannot be read ({reason(error)}): {WAY_OUT}"
            ) from error

    def _parts(self, recording: str) -> Iterator[pa.Table]:
        entry = self.recordings[recording]
        begin, end = entry.row, entry.row + entry.windows
        while begin < end:
            number = int(np.searchsorted(self._starts, begin, side="right")) - 1
            if self._group is None or self._group[0] != number:
                self._group = (number, self._file.read_row_group(number))
            first = int(self._starts[number])
            part = self._group[1].slice(begin - first, end - begin)
            yield part
            begin += part.num_rows


@dataclass(frozen=True)
class EmbedPlan:
    """What becomes of each recording.

    Attributes:
        actions: "embed" or "keep", by recording.
        fingerprints: By recording; empty where the table is not one that can be brought up to date.
        sizes: Bytes of the recordings to embed.
        earlier: The rows that are kept, None where there are none to keep.
        notes: Lines for the user.
        unchanged: Whether the table is there already as it is to be.
    """

    actions: dict[str, Action]
    fingerprints: dict[str, str]
    sizes: dict[str, int]
    earlier: EarlierRows | None
    notes: list[str]
    unchanged: bool = False


def plan_embedding(
    sources: Sequence[Source],
    settings: TableMetadata,
    target: Path | None,
    *,
    overwrite: bool,
    workers: int,
) -> EmbedPlan:
    """Return which recordings are to be embedded, and which rows of the table at `target` are kept.

    Rows of another pipeline are not kept: all recordings are then embedded again, and a note says so.

    Args:
        sources: The recordings.
        settings: This run's metadata.
        target: The Parquet table to bring up to date; None embeds all and keeps nothing.
        overwrite: Keep nothing of the table that is there.
        workers: Threads that read files.

    Raises:
        UsageError: see `open_earlier`.
    """
    names = [source.recording for source in sources]
    earlier = None if target is None or overwrite else open_earlier(target, settings, names)
    prints = {} if target is None else fingerprints(sources, workers)
    notes = []
    if earlier is not None and earlier.metadata.pipeline != settings.pipeline:
        notes.append(
            f"{target}: its {len(earlier.recordings)} recordings were embedded by wearcli "
            f"{earlier.metadata.version or 'of an unknown version'}, whose rows may differ from those of "
            f"{settings.version}: all are embedded again"
        )
        earlier = None
    actions: dict[str, Action] = {}
    for name in names:
        entry = earlier.recordings.get(name) if earlier else None
        actions[name] = "keep" if entry and entry.fingerprint == prints[name] else "embed"
    sizes = {
        source.recording: source_bytes(source) for source in sources if actions[source.recording] == "embed"
    }
    same_people = earlier and earlier.metadata.participant_doubt == settings.participant_doubt
    return EmbedPlan(actions, prints, sizes, earlier, notes, bool(same_people) and not sizes)


def read_earlier(path: Path) -> EarlierTable:
    """Return the table at `path`; raises whatever the library does where it is damaged, or something else."""
    notes = parse_json(pq.ParquetFile(path).metadata.metadata[RECORDINGS_KEY], str(path), ADVICE)
    metadata = read_metadata(pq.read_schema(path), str(path))
    recordings = {name: RecordingRows.from_json(entry, f"{path}: {name}") for name, entry in notes.items()}
    earlier = EarlierTable(path, recordings, metadata)
    if max((entry.row + entry.windows for entry in recordings.values()), default=0) > earlier.count:
        raise ValueError("rows that are not there")
    return earlier


def open_earlier(path: Path, settings: TableMetadata, names: Collection[str]) -> EarlierTable | None:
    """Return the table at `path`; None where there is no file.

    Args:
        path: The Parquet file.
        settings: This run's metadata; in the earlier one all that rows depend on must be equal.
        names: This run's recordings; a table that holds others is not replaced silently.

    Raises:
        UsageError: the file is something else, was made with other settings, or holds other recordings.
    """
    if not path.exists():
        return None
    try:
        earlier = read_earlier(path)
    except Exception:  # whatever a file of another kind, or a damaged one, makes the library raise
        raise UsageError(f"{path} is there and is not an embeddings table of wearcli: {WAY_OUT}") from None
    check_settings(path, earlier.metadata, settings)
    others = sorted(set(earlier.recordings) - set(names))
    if others:
        raise UsageError(
            f"{path} holds {counted(len(others), 'recording')} that are not among these inputs, such as "
            f"'{others[0]}': {WAY_OUT}"
        )
    return earlier


def check_settings(path: Path, earlier: TableMetadata, settings: TableMetadata) -> None:
    """Raise UsageError where a table was made with other settings."""
    for key in SETTINGS if earlier.pipeline == settings.pipeline else SETTINGS[:-1]:
        before, now = getattr(earlier, key), getattr(settings, key)
        if before != now:
            raise UsageError(
                f"{path} was made with another {key} ({_short(before)}, now {_short(now)}): {WAY_OUT}"
            )
    old, new = earlier.arguments.to_json(), settings.arguments.to_json()
    for key in sorted((old.keys() | new.keys()) - {"paths"}):
        if old.get(key) != new.get(key):
            raise UsageError(
                f"{path} was made with {key} = {_short(old.get(key))}, now {_short(new.get(key))}: {WAY_OUT}"
            )


def _short(value: Any) -> str:
    if isinstance(value, ModelIdentity):
        return f"{value.name} {(value.sha256 or '')[:8]}".strip()
    text = f"{len(value)} of them" if isinstance(value, list | tuple) else str(value)
    return text if len(text) < 60 else text[:57] + "..."
