"""Empatica E4 exports: a folder or .zip with ACC.csv, BVP.csv and others, each with a two-line header."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import IO

from wearcli.errors import InputError
from wearcli.modality import MODALITIES, Modality
from wearcli.recordings.formats.bombs import open_member
from wearcli.recordings.formats.damage import not_readable, not_to_its_end
from wearcli.recordings.formats.delimited import open_bytes, read_numbers
from wearcli.recordings.formats.e4_rows import E4Rows, recognise_rows
from wearcli.recordings.formats.format import FolderLayout, Format
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source
from wearcli.recordings.tables.table import ARCHIVE_ERRORS, Batch, Table
from wearcli.recordings.tables.tabular import open_table

_HEAD_BYTES = 4096
_FILES: dict[Modality, str] = {"acc": "ACC.csv", "ppg": "BVP.csv"}
# What else an export holds; none of it is a recording of its own.
_OTHER_FILES = {"eda.csv", "hr.csv", "ibi.csv", "temp.csv", "tags.csv", "info.txt"}


def is_e4(path: Path) -> bool:
    """Return whether a folder or .zip is an export: it has ACC.csv or BVP.csv, with start and rate first."""
    for modality in _FILES:
        try:
            if _header(path, modality) is not None:
                return True
        except ARCHIVE_ERRORS:
            continue
    return False


def open_e4(source: Source, reading: Reading, file_name: str) -> Recording:
    """Return one signal of an export; it tells unit, time and rate itself.

    Raises:
        InputError: It cannot be read, or does not hold the signal.
    """
    table = _table(source.path, file_name, reading.modality)
    return open_table(source, table, Reading(reading.modality, channels=reading.channels), file_name)


def _table(path: Path, file_name: str, modality: Modality) -> Table:
    """One signal of an export as a table without stamps. Acceleration comes in 1/64 g, range 2 g."""
    if modality not in _FILES:
        raise InputError(
            f"{file_name}: an Empatica E4 export holds no {modality}: only {' and '.join(_FILES)}"
        )
    name = _FILES[modality]
    try:
        header = _header(path, modality)
    except ValueError:
        header = None
    except ARCHIVE_ERRORS as error:
        raise not_readable(file_name, "Empatica E4 export", error) from None
    if header is None:
        raise InputError(
            f"{file_name}: {name} is not there, or does not begin with start and rate: copy it again"
        )
    layout = header.layout

    def stream(_: int | None, channels: list[int]) -> Iterator[Batch]:
        try:
            with _member(path, name) as member:
                if member is not None:
                    yield from read_numbers(
                        member, f"{file_name}/{name}", layout, None, channels, table.warnings
                    )
        except ARCHIVE_ERRORS as error:
            raise not_to_its_end(f"{file_name}/{name}", error) from None

    start_s = header.start_s
    table = Table(
        layout.columns,
        stream,
        rate_hz=header.rate_hz,
        start=None if start_s is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=start_s),
        unit="1/64 g" if modality == "acc" else "raw",
        unit_how="Empatica E4 format",
        unit_factor=1 / 64 if modality == "acc" else None,
        range_g=2.0 if modality == "acc" else None,
    )
    if start_s is None:
        table.warnings.append(
            f"a spreadsheet saved {name} anew and rounded its start to {header.start_text}: the start is "
            "unknown (take the file as it was exported, or give the start in recordings.csv)"
        )
    return table


def _header(path: Path, modality: Modality) -> E4Rows | None:
    """How the file of a signal begins; None where it is not there, ValueError where it begins otherwise."""
    with _member(path, _FILES[modality]) as member:
        if member is None:
            return None
        head = member.read(_HEAD_BYTES)
    names = MODALITIES[modality].channels or (modality,)
    return recognise_rows(head, len(head) < _HEAD_BYTES, names)


@contextmanager
def _member(path: Path, name: str) -> Iterator[IO[bytes] | None]:
    """A file of the export, opened; None where it is not there."""
    if path.is_dir():
        wanted = (name.lower(), f"{name.lower()}.gz")
        file = next((f for f in sorted(path.iterdir()) if f.name.lower() in wanted and f.is_file()), None)
        if file is None:
            yield None
        else:
            with open_bytes(file) as stream:
                yield stream
        return
    with zipfile.ZipFile(path) as archive:
        inner = [n for n in archive.namelist() if PurePosixPath(n).name.lower() == name.lower()]
        inner = [n for n in inner if not n.startswith("__MACOSX")]
        if not inner:
            yield None
        else:
            with open_member(archive, sorted(inner, key=len)[0], str(path)) as stream:
                yield stream


def _may_be_e4(path: Path) -> bool:
    """Whether a .zip is an export; a damaged one may be, and fails by name where it is opened."""
    return not zipfile.is_zipfile(path) or is_e4(path)


FORMAT = Format(
    "e4",
    "Empatica E4 folder or .zip",
    (".zip",),
    read_recording=open_e4,
    modalities=tuple(_FILES),
    accepts=_may_be_e4,
    folder=FolderLayout(
        marks=frozenset(name.lower() for name in _FILES.values()),
        others=frozenset(_OTHER_FILES),
        recognise=is_e4,
    ),
)
