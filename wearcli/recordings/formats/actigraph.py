"""ActiGraph .gt3x files: a zip archive with info.txt and log.bin, a log of records with a time each.

Layout: ActiGraph, GT3X File Format (a record is separator, type, time in s, size, payload, checksum).
"""

import struct
import zipfile
import zlib
from functools import partial, reduce
from operator import xor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wearcli.errors import InputError
from wearcli.recordings.formats.actfast_reader import read_tables, signal_columns
from wearcli.recordings.formats.damage import not_readable
from wearcli.recordings.formats.device_files import TICK_NS, DeviceHead, Samples, open_device
from wearcli.recordings.formats.format import Format
from wearcli.recordings.formats.packed import unpacked
from wearcli.recordings.tables.table import ARCHIVE_ERRORS, HEAD_ROWS

_LOG, _INFO = "log.bin", "info.txt"
_SEPARATOR = 0x1E
_RECORD = struct.Struct("<BBIH")
# Bytes of a sample by the type of the record: 12 bits an axis, or 16.
_SAMPLE_BYTES = {0x00: 4.5, 0x1A: 6.0}
_HEAD_BYTES = HEAD_ROWS * 8
_TAIL_BYTES = 2**16
_YEAR_1_S = 62_135_596_800  # from the year 1, which ticks are counted from, to 1970
_MODALITIES = ("acc",)
# What of info.txt is about the device and its settings, not about a person.
_FACTS = (
    *("Serial Number", "Device Type", "Firmware", "Sample Rate", "Start Date", "Stop Date"),
    *("Last Sample Time", "TimeZone", "Board Revision", "Acceleration Scale", "Acceleration Max"),
)


class _Second(NamedTuple):
    """A record of samples: when it begins, s since 1970, and how many it has."""

    time_s: int
    samples: int


def read_head(path: Path, file_name: str) -> DeviceHead:
    """Return what info.txt and the first and last records of the log tell.

    The end of a long log that is deflated would have to be unpacked to: info.txt tells it, to a minute or so.

    Raises:
        InputError: It is no .gt3x file, is cut off, or none of its first records can be used.
    """
    with unpacked(path, file_name) as (plain, _):
        _check_archive(plain, file_name)
        try:
            with zipfile.ZipFile(plain) as archive:
                facts = _facts(_member_bytes(plain, archive.getinfo(_INFO), 0, 2**16))
                log = archive.getinfo(_LOG)
        except KeyError as error:
            missing = next(name for name in (_INFO, _LOG) if name in str(error))
            raise InputError(
                f"{file_name}: not a readable ActiGraph .gt3x file (it has no {missing}): export it as CSV"
            ) from None
        except ARCHIVE_ERRORS as error:
            raise not_readable(file_name, "ActiGraph .gt3x file", error) from None
        first = _member_bytes(plain, log, 0, _HEAD_BYTES)
        seconds = _seconds(first)
        last = seconds
        if log.file_size > _HEAD_BYTES:
            last = _seconds(_member_bytes(plain, log, log.file_size - _TAIL_BYTES, _TAIL_BYTES))
    if not seconds:
        raise InputError(f"{file_name}: holds no samples: copy it again")
    counts = np.array([second.samples for second in seconds])
    starts = np.array([second.time_s for second in seconds]) * TICK_NS
    index = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    stamps = np.repeat(starts, counts) + index * np.repeat(TICK_NS // counts, counts)
    if last:
        last_ns = last[-1].time_s * TICK_NS + (last[-1].samples - 1) * (TICK_NS // last[-1].samples)
    else:
        last_ns = int(_number(facts, "Last Sample Time") * 100) - _YEAR_1_S * TICK_NS
    return DeviceHead(
        stamps[:HEAD_ROWS],
        last_ns if last_ns > stamps[0] else None,
        _number(facts, "Sample Rate") or None,
        _number(facts, "Acceleration Max") or None,
        facts=facts,
    )


def read_samples(path: Path, file_name: str, modality: str) -> Samples:
    """Return all samples of a signal, and what is damaged or missing."""
    with unpacked(path, file_name) as (plain, warnings):
        _check_archive(plain, file_name)
        tables, damage = read_tables(plain)
    return Samples(*signal_columns(tables, modality, file_name), [*warnings, *damage])


def _check_archive(path: Path, file_name: str) -> None:
    with path.open("rb") as stream:
        mark = stream.read(2)
    if not mark:
        raise InputError(f"{file_name}: the file is empty: copy it again")
    if mark != b"PK":
        raise InputError(
            f"{file_name}: not an ActiGraph .gt3x file (it is no zip archive): is its suffix right?"
        )
    if not zipfile.is_zipfile(path):
        raise InputError(f"{file_name}: the .gt3x is cut off (its zip archive is not closed): copy it again")


def _member_bytes(path: Path, member: zipfile.ZipInfo, begin: int, count: int) -> bytes:
    """A part of a file in the archive, up to its damage: `ZipFile.open` would refuse a wrong checksum.

    Only the beginning of a deflated file can be read so, and b"" comes of any other part.
    """
    with path.open("rb") as stream:
        stream.seek(member.header_offset)
        local = stream.read(30)
        if len(local) < 30:
            return b""
        stream.seek(sum(struct.unpack("<HH", local[26:30])), 1)
        if member.compress_type == zipfile.ZIP_STORED:
            stream.seek(begin, 1)
            return stream.read(max(0, min(count, member.file_size - begin)))
        if member.compress_type != zipfile.ZIP_DEFLATED or begin:
            return b""
        inflate, parts, size = zlib.decompressobj(-zlib.MAX_WBITS), [], 0
        while size < count and not inflate.eof and (data := stream.read(2**16)):
            try:
                parts.append(inflate.decompress(data, count - size))
            except zlib.error:
                break
            size += len(parts[-1])
        return b"".join(parts)


def _seconds(log: bytes) -> list[_Second]:
    """The records of samples in a part of the log, from the first whole record on; damaged ones left out."""
    seconds, position = [], 0
    while position + _RECORD.size < len(log):
        separator, kind, time_s, size = _RECORD.unpack_from(log, position)
        end = position + _RECORD.size + size
        if separator != _SEPARATOR or end >= len(log) or not _is_whole(log[position : end + 1]):
            position = log.find(_SEPARATOR, position + 1)
            if position < 0:
                break
            continue
        samples = int(size / _SAMPLE_BYTES[kind]) if kind in _SAMPLE_BYTES else 0
        if samples:
            seconds.append(_Second(time_s, samples))
        position = end + 1
    return seconds


def _is_whole(record: bytes) -> bool:
    """Whether the last byte of a record is the complement of the others' exclusive or."""
    return reduce(xor, record) == 0xFF


def _facts(info: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in info.decode("utf-8", "replace").splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs if key.strip() in _FACTS}


def _number(facts: dict[str, str], key: str) -> float:
    try:
        return float(facts.get(key, "0"))
    except ValueError:
        return 0.0


FORMAT = Format(
    "gt3x",
    "ActiGraph .gt3x",
    (".gt3x",),
    read_recording=partial(
        open_device,
        title="ActiGraph .gt3x",
        modalities=_MODALITIES,
        read_head=read_head,
        read_samples=read_samples,
    ),
    modalities=_MODALITIES,
    gzip=True,
    whole_file=True,
)
