"""WFDB records (.hea with .dat or .mat) as a stream of batches, through wfdb."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from wearcli.errors import InputError
from wearcli.leftovers import scratch
from wearcli.recordings.formats.damage import not_readable
from wearcli.recordings.formats.format import Format
from wearcli.recordings.formats.wfdb_files import record_files, segment_headers, segment_names, with_length
from wearcli.recordings.tables.table import HEAD_ROWS, Batch, Column, Table

# Bytes of a sample (WFDB's signal(5)); the FLAC formats 508, 516 and 524 have no one size.
_BYTES = {
    **{"8": 1.0, "80": 1.0, "16": 2.0, "61": 2.0, "160": 2.0, "24": 3.0, "32": 4.0},
    **{"212": 3 / 2, "310": 4 / 3, "311": 4 / 3},
}


def open_wfdb(path: Path, file_name: str) -> Table:
    """Return the signals of a record as a table; one with several samples a frame keeps its own rate.

    Args:
        path: The header of the record; of several segments the master header.
        file_name: The file in messages.

    Raises:
        InputError: A file of the record is missing, cut off or cannot be read, while streaming too; or wfdb
            is not installed.
    """
    try:
        import wfdb
    except ImportError:
        raise InputError(
            f"{file_name}: reading .hea files needs wfdb: pip install 'wearcli[physio]'"
        ) from None
    if path.stat().st_size == 0:
        raise InputError(f"{file_name}: the file is empty: copy it again")
    files, segments = _whole_record(path, file_name), segment_names(path)
    with _folder(files, file_name) as folder:
        header = wfdb.rdheader(str(folder / path.stem))
        if not header.fs > 0:
            raise ValueError(f"a rate of {header.fs} Hz")
        # The first segment is the layout of all, where they differ.
        signals = wfdb.rdheader(str(folder / segments[0])) if segments else header
        names = signals.sig_name or []
        columns = [
            Column((name or f"signal {j + 1}").strip(), "number", unit, float(header.fs * (count or 1)))
            for j, (name, unit, count) in enumerate(
                zip(names, signals.units or [], signals.samps_per_frame or [], strict=True)
            )
        ]
        frames = header.sig_len if segments else _frames(header, files, file_name)
    if not columns or not frames:
        raise InputError(f"{file_name}: holds no samples: is it the header of a whole record?")
    if "8" in signals.fmt:
        raise InputError(
            f"{file_name}: is in format 8, which is not read piece by piece: convert it to format 16, with "
            "WFDB's xform for one"
        )
    length = frames if header.sig_len is None else None

    def read(_: int | None, channels: list[int]) -> Iterator[Batch]:
        step = max(1, HEAD_ROWS // (signals.samps_per_frame[channels[0]] or 1))
        for first in range(0, frames, step):
            part = slice(first, min(first + step, frames))
            with _folder(files, file_name, length) as folder:
                values = _read_frames(folder / path.stem, part, channels)
            yield Batch(None, values)

    return Table(
        columns,
        read,
        start=header.base_datetime,
        duration_s=frames / header.fs,
        bare_leads=True,
    )


def _whole_record(path: Path, file_name: str) -> dict[str, Path]:
    """The files of a record by their names; InputError where one is missing."""
    files = record_files(path)
    if missing := [name for name, file in files.items() if not file.is_file()]:
        listed = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        raise InputError(f"{file_name}: its data are not all there: copy {listed} beside it")
    return files


def _read_frames(record: Path, part: slice, channels: list[int]) -> np.ndarray:
    """Frames of a record's channels as (samples, channels) float32."""
    import wfdb

    frames = wfdb.rdrecord(
        str(record), sampfrom=part.start, sampto=part.stop, channels=channels, smooth_frames=False
    )
    return np.stack(frames.e_p_signal, axis=1).astype(np.float32)


def _frames(header: Any, files: dict[str, Path], file_name: str) -> int:
    """How many frames a record has; InputError where its data hold less than its header says."""
    stated, stored = header.sig_len, {*(header.file_name or [])} & {*files}
    frames = [stated] if stated is not None and stored else []
    for name in stored:
        positions = [j for j, file in enumerate(header.file_name) if file == name]
        size = _BYTES.get(header.fmt[positions[0]])
        if size is None:
            continue
        length = files[name].stat().st_size - (header.byte_offset[positions[0]] or 0)
        # Half a byte: what 4/3 of one lacks to its whole.
        held = int((length + 0.5) / (size * sum(header.samps_per_frame[j] or 1 for j in positions)))
        if stated is not None and held < stated:
            raise InputError(
                f"{file_name}: {name} is cut off: it holds {held} of {stated} samples: copy it again"
            )
        frames.append(held)
    return min(frames, default=0)


@contextmanager
def _folder(files: dict[str, Path], file_name: str, length: int | None = None) -> Iterator[Path]:
    """The folder to read a record from; whatever wfdb makes of a broken one is an InputError.

    wfdb asks for files by the very names in the header, reads no part of a record that does not say its
    length, and takes :: for a chain of addresses: where names are in other case, `length` is to be said, or
    the folder's name is such, it gets links and a header of its own.
    """
    try:
        home = next(iter(files.values())).absolute().parent
        as_named = all(file.name == name for name, file in files.items())
        if as_named and length is None and "::" not in str(home):
            yield home
            return
        with scratch() as links:
            header, *others = files.items()
            for name, file in others:
                (links / name).symlink_to(file.absolute())
            (links / header[0]).write_text(with_length(header[1], length))
            yield links
    except InputError:
        raise
    except Exception as error:
        raise not_readable(file_name, "WFDB record", error) from None


FORMAT = Format(
    "wfdb",
    "WFDB .hea",
    (".hea",),
    open_wfdb,
    segments=segment_headers,
    files_behind=lambda path: [*record_files(path).values()],
)
