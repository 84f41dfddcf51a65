"""EDF, EDF+ and BDF files as a stream of batches, through pyedflib."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wearcli.errors import InputError, reason
from wearcli.recordings.formats.damage import not_readable
from wearcli.recordings.formats.edf_records import Records, read_records, stream_records
from wearcli.recordings.formats.format import Format
from wearcli.recordings.tables.table import HEAD_ROWS, Batch, Column, Table

if TYPE_CHECKING:
    from pyedflib import EdfReader

# EDFlib keeps one unguarded list of open files, and opens no file twice: each block opens it anew.
_READING = threading.Lock()
_FIXED, _PER_SIGNAL = 256, 256  # bytes of the header
_ANNOTATIONS = (b"EDF Annotations", b"BDF Annotations")


class _Header(NamedTuple):
    """What pyedflib does not tell, or would print to stdout instead of raising.

    Attributes:
        size: Bytes that the file has by its header.
        fraction_s: Of EDF+, what the start has beyond whole seconds, s.
        records: Of EDF+D without interruptions, where its samples are; pyedflib refuses such a file.
    """

    size: int
    fraction_s: float
    records: Records | None = None


def open_edf(path: Path, file_name: str) -> Table:
    """Return the signals of an EDF file as a table; annotations are left out, and so is the person.

    Raises:
        InputError: It cannot be read, while streaming too; or pyedflib is not installed.
    """
    header = _read_header(path, file_name)
    if header.records is not None:
        return _table(
            path, header, header.records.columns, header.records.start, header.records.rows, file_name
        )
    with _opened(path, file_name) as reader:
        lengths = [int(length) for length in reader.getNSamples()]
        columns = [
            Column(
                reader.getLabel(j).strip(),
                "number",
                reader.getPhysicalDimension(j).strip() or None,
                float(reader.getSampleFrequency(j)),
            )
            for j in range(len(lengths))
        ]
        start = reader.getStartdatetime().replace(microsecond=0)
    return _table(path, header, columns, start, lengths, file_name)


def _table(
    path: Path, header: _Header, columns: list[Column], start: datetime, lengths: list[int], file_name: str
) -> Table:
    """The table of signals with so many samples."""
    if not any(lengths):
        raise InputError(f"{file_name}: holds no signals, only annotations: is it the right file?")
    extra = path.stat().st_size - header.size
    # The date that the format prescribes where none may be said.
    dated = (start.year, start.month, start.day) != (1985, 1, 1)
    records = header.records
    return Table(
        columns,
        lambda _, channels: (
            _stream(path, file_name, lengths, channels)
            if records is None
            else stream_records(path, records, channels)
        ),
        start=start + timedelta(seconds=header.fraction_s) if dated else None,
        duration_s=max(
            length / column.rate_hz
            for length, column in zip(lengths, columns, strict=True)
            if length and column.rate_hz
        ),
        bare_leads=True,
        facts={} if dated else {"time": "counted at the stated rate; the header's date is left out"},
        warnings=[f"{extra} bytes beyond its stated length were left out"] if extra > 0 else [],
    )


def _stream(path: Path, file_name: str, lengths: list[int], channels: list[int]) -> Iterator[Batch]:
    rows = min(lengths[j] for j in channels)
    for first in range(0, rows, HEAD_ROWS):
        count = min(HEAD_ROWS, rows - first)
        values = np.empty((count, len(channels)), np.float32)
        _read_header(path, file_name)  # whether it is still whole
        with _opened(path, file_name) as reader:
            for k, j in enumerate(channels):
                values[:, k] = reader.readSignal(j, first, count)
        yield Batch(None, values)


@contextmanager
def _opened(path: Path, file_name: str) -> "Iterator[EdfReader]":
    try:
        from pyedflib import EdfReader
        from pyedflib.edfreader import DO_NOT_CHECK_FILE_SIZE, DO_NOT_READ_ANNOTATIONS
    except ImportError:
        raise InputError(
            f"{file_name}: reading {path.suffix.lower()} files needs pyedflib: pip install 'wearcli[physio]'"
        ) from None
    try:
        with _READING, EdfReader(str(path), DO_NOT_READ_ANNOTATIONS, DO_NOT_CHECK_FILE_SIZE) as reader:
            yield reader
    except (OSError, ValueError) as error:
        problem = reason(error).removeprefix(f"{path}: ")
        raise InputError(
            f"{file_name}: not a readable EDF file ({problem}): mend its header, with EDFbrowser for one"
        ) from None


def _read_header(path: Path, file_name: str) -> _Header:
    """Raise InputError for an EDF file that is cut off, not closed, discontinuous, or none at all."""
    try:
        with path.open("rb") as stream:
            size = path.stat().st_size
            head = stream.read(_FIXED)
            if size == 0:
                raise InputError(f"{file_name}: the file is empty: copy it again")
            if head[:8].strip(b" \0") != b"0" and head[:8] != b"\xffBIOSEMI":
                raise InputError(f"{file_name}: not an EDF file (its header is none): is its suffix right?")
            records, seconds = int(head[236:244]), float(head[244:252])
            signals = max(0, int(head[252:256]))
            signal_heads = stream.read(_PER_SIGNAL * signals)
            # After label, transducer, unit, four limits and prefilter of every signal.
            counts = [int(signal_heads[at : at + 8]) for at in range(216 * signals, 224 * signals, 8)]
            if records < 0:
                raise InputError(
                    f"{file_name}: its recorder did not close it: mend it, with EDFbrowser for one"
                )
            width = 2 if head[:1] == b"0" else 3  # bytes of a sample
            whole = _FIXED + _PER_SIGNAL * signals + records * sum(counts) * width
            if size < whole:
                raise InputError(f"{file_name}: is cut off: {size} of {whole} bytes are there: copy it again")
            labels = [signal_heads[at : at + 16].strip() for at in range(0, 16 * signals, 16)]
            if not 0 < seconds < 1e6 and not {*labels} <= {*_ANNOTATIONS}:
                raise ValueError
            at = next((j for j, label in enumerate(labels) if label in _ANNOTATIONS), None)
            if at is None:
                return _Header(whole, 0.0)
            # The first annotation of an EDF+ file says when its first record began.
            stream.seek(sum(counts[:at]) * width, 1)
            began = re.match(rb"\+(\d+(?:\.\d+)?)\x14", stream.read(counts[at] * width))
            fraction_s = float(began[1]) % 1 if began else 0.0
            if head[192:197] in (b"EDF+D", b"BDF+D"):
                return _Header(whole, fraction_s, read_records(path, _ANNOTATIONS, file_name))
            return _Header(whole, fraction_s)
    except OSError as error:
        raise not_readable(file_name, "EDF file", error) from None
    except ValueError:
        raise InputError(
            f"{file_name}: not a readable EDF file (its header is damaged): copy it again"
        ) from None


FORMAT = Format("edf", "EDF and BDF", (".edf", ".bdf"), open_edf)
