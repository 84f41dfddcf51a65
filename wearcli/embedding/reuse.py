"""What a rerun may keep: rows of recordings whose content and settings are as they were."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from wearcli.embedding.metadata import ModelIdentity, TableMetadata
from wearcli.embedding.table import RECORDINGS_KEY, read_metadata
from wearcli.errors import InputError, UsageError
from wearcli.files import sha256_of
from wearcli.recordings.formats.registry import FORMATS
from wearcli.recordings.recording import Source


def files_behind(source: Source) -> list[Path]:
    """The files that hold a recording: of a WFDB record several, missing ones too."""
    return FORMATS[source.format].files_behind(source.path)


def fingerprint(source: Source) -> str:
    """Hex SHA-256 of a recording's content and of what its sidecars say of it."""
    said = [source.recording, source.participant, source.placement, source.rate_hz, str(source.start)]
    files = [file for file in files_behind(source) if file == source.path or file.exists()]
    content = "".join(map(sha256_of, files))
    return hashlib.sha256(f"{content}{json.dumps(said)}".encode()).hexdigest()


class Earlier:
    """An embeddings table of an earlier run.

    recordings: of each its `fingerprint`, and its rows: `windows` of them from row `row` on.
    """

    def __init__(self, path: Path, recordings: dict[str, dict[str, Any]]) -> None:
        self.path, self.recordings = path, recordings
        self._file = pq.ParquetFile(path)
        sizes = [self._file.metadata.row_group(i).num_rows for i in range(self._file.num_row_groups)]
        self._starts = np.concatenate(([0], np.cumsum(sizes))).astype(int)
        self._group: tuple[int, pa.Table] | None = None  # the last one read: neighbours share it

    def rows(self, recording: str) -> Iterator[pa.Table]:
        """The rows of a recording, in parts."""
        entry = self.recordings[recording]
        begin, end = entry["row"], entry["row"] + entry["windows"]
        while begin < end:
            number = int(np.searchsorted(self._starts, begin, side="right")) - 1
            if self._group is None or self._group[0] != number:
                self._group = (number, self._file.read_row_group(number))
            first = int(self._starts[number])
            part = self._group[1].slice(begin - first, end - begin)
            yield part
            begin += part.num_rows


def open_earlier(path: Path, settings: TableMetadata, names: set[str]) -> Earlier | None:
    """The table at `path` if its rows can serve this run; None where there is no file.

    Args:
        settings: this run's metadata; in the earlier one all that rows depend on must be equal.
        names: this run's recordings; a table that holds others is not replaced silently.

    Raises:
        UsageError: the file is something else, was made with other settings, or holds other recordings.
    """
    if not path.exists():
        return None
    way_out = "name another output with -o, or --overwrite to embed everything anew"
    try:
        metadata = pq.ParquetFile(path).metadata.metadata
        earlier = read_metadata(pq.read_schema(path), str(path))
        recordings = json.loads(metadata[RECORDINGS_KEY])
    except (pa.ArrowInvalid, OSError, InputError, KeyError, IsADirectoryError):
        raise UsageError(f"{path} is there and is not an embeddings table of wearcli: {way_out}") from None
    for key in ("version", "model", "rate_hz", "window_s", "stride_s", "unit", "feature_names"):
        before, now = getattr(earlier, key), getattr(settings, key)
        if before != now:
            raise UsageError(
                f"{path} was made with another {key} ({_short(before)}, now {_short(now)}): {way_out}"
            )
    old, new = earlier.arguments.to_json(), settings.arguments.to_json()
    for key in sorted((old.keys() | new.keys()) - {"paths"}):
        if old.get(key) != new.get(key):
            raise UsageError(
                f"{path} was made with {key} = {_short(old.get(key))}, now {_short(new.get(key))}: {way_out}"
            )
    others = sorted(set(recordings) - names)
    if others:
        raise UsageError(
            f"{path} holds {len(others)} recordings that are not among these inputs, such as "
            f"'{others[0]}': {way_out}"
        )
    return Earlier(path, recordings)


def _short(value: Any) -> str:
    if isinstance(value, ModelIdentity):
        return f"{value.name} {(value.sha256 or '')[:8]}".strip()
    text = f"{len(value)} of them" if isinstance(value, list | tuple) else str(value)
    return text if len(text) < 60 else text[:57] + "..."
