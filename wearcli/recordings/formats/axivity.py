"""Axivity .cwa files of AX3 and AX6, plain or .gz.

Layout: openmovement, cwa.h (a header of 1024 bytes, then blocks of 512 bytes with a time each).
"""

from functools import partial
from pathlib import Path

import numpy as np

from wearcli.errors import InputError
from wearcli.recordings.formats.actfast_reader import read_tables, signal_columns
from wearcli.recordings.formats.device_files import TICK_NS, DeviceHead, Samples, open_device
from wearcli.recordings.formats.format import Format
from wearcli.recordings.formats.packed import read_ends, unpacked
from wearcli.recordings.tables.table import HEAD_ROWS

_BLOCK, _HEADER = 512, 1024
_FEWEST_SAMPLES = 40  # in a block, of six axes
_HEAD_BYTES = _HEADER + _BLOCK * (HEAD_ROWS // _FEWEST_SAMPLES + 1)
_TAIL_BLOCKS = 64
_MODALITIES = ("acc", "gyro")
_SIX_AXES = 6


def read_head(path: Path, file_name: str) -> DeviceHead:
    """Return what the header, the first blocks and the last ones tell.

    Raises:
        InputError: It is no .cwa file, or none of its first blocks can be used.
    """
    first, last, size = read_ends(path, _HEAD_BYTES, _BLOCK * (_TAIL_BLOCKS + 1), file_name)
    if first[:2] != b"MD":
        raise InputError(f"{file_name}: not an Axivity .cwa file (its header is none): is its suffix right?")
    blocks = _valid_blocks(first[_HEADER:])
    if len(blocks) == 0:
        raise InputError(f"{file_name}: holds no samples: copy it again")
    starts, steps, counts = _block_times(blocks)
    rate_code = first[36]
    stamps = np.repeat(starts, counts) + _index_within(counts) * np.repeat(steps, counts)
    return DeviceHead(
        stamps[:HEAD_ROWS],
        _last_stamp(last, size, starts, steps, counts),
        float(_rate_hz(rate_code)) if _is_rate(rate_code) else None,
        float(16 >> (rate_code >> 6)),
        _MODALITIES if (blocks[0, 25] >> 4) >= _SIX_AXES else _MODALITIES[:1],
        facts={
            "hardware": {0x64: "AX6"}.get(first[4], "AX3"),
            "device": str(int.from_bytes(first[5:7] + first[11:13], "little"))
            if first[11:13] != b"\xff\xff"
            else str(int.from_bytes(first[5:7], "little")),
            "session": str(int.from_bytes(first[7:11], "little")),
            "firmware": str(first[41]),
        },
    )


def read_samples(path: Path, file_name: str, modality: str) -> Samples:
    """Return all samples of a signal, and what is damaged or missing."""
    with unpacked(path, file_name) as (plain, warnings):
        tables, damage = read_tables(plain)
        return Samples(
            *signal_columns(tables, modality, file_name), [*warnings, *damage, *_missing_blocks(plain)]
        )


def _valid_blocks(data: bytes) -> np.ndarray:
    """The whole blocks (blocks, 512) uint8 of samples whose checksum is right."""
    blocks = np.frombuffer(data[: len(data) // _BLOCK * _BLOCK], np.uint8).reshape(-1, _BLOCK)
    marked = (blocks[:, 0] == ord("A")) & (blocks[:, 1] == ord("X")) & _is_rate(blocks[:, 24])
    blocks = np.ascontiguousarray(blocks[marked])
    right = blocks.view("<u2").sum(1, dtype=np.uint16) == 0
    valid = right & (_field(blocks, 28, "<u2") > 0) & _is_date(_field(blocks, 14, "<u4"))
    return np.asarray(blocks[valid])


def _field(blocks: np.ndarray, position: int, kind: str) -> np.ndarray:
    """A number of each block as int64."""
    width = np.dtype(kind).itemsize
    return np.ascontiguousarray(blocks[:, position : position + width]).view(kind)[:, 0].astype(np.int64)


def _is_date(packed: np.ndarray) -> np.ndarray:
    month, day = packed >> 22 & 15, packed >> 17 & 31
    return (month >= 1) & (month <= 12) & (day >= 1) & ((packed >> 12 & 31) < 24)


def _is_rate(code: np.ndarray | int) -> np.ndarray:
    return (np.asarray(code) & 15) >= 6  # 6.25 Hz, the lowest that a device has


def _rate_hz(code: np.ndarray | int) -> np.ndarray:
    return 3200 / (1 << (15 - (np.asarray(code, np.int64) & 15)))


def _block_times(blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each block: time of the first sample, ns since 1970; ns a sample; number of samples.

    A block's stamp is that of a sample within it, `timestampOffset`. Newer devices add a fraction of a second
    and change the offset by what that would shift for readers that do not know of it.
    """
    packed, device = _field(blocks, 14, "<u4"), _field(blocks, 4, "<u2")
    rate = _rate_hz(blocks[:, 24])
    fraction = np.where(device & 0x8000, (device & 0x7FFF) << 1, 0)  # of a second, in 65536ths
    offset = _field(blocks, 26, "<i2") + np.where(device & 0x8000, fraction * rate.astype(np.int64) >> 16, 0)
    month = ((2000 - 1970 + (packed >> 26 & 63)) * 12 + (packed >> 22 & 15) - 1).astype("M8[M]")
    seconds = month.astype("M8[s]").astype(np.int64) + ((packed >> 17 & 31) - 1) * 86_400
    seconds += (packed >> 12 & 31) * 3600 + (packed >> 6 & 63) * 60 + (packed & 63)
    step = np.round(TICK_NS / rate).astype(np.int64)
    start = (
        seconds * TICK_NS + fraction * TICK_NS // 65536 - np.round(offset * TICK_NS / rate).astype(np.int64)
    )
    return start, step, _field(blocks, 28, "<u2")


def _index_within(counts: np.ndarray) -> np.ndarray:
    """0, 1, ... within each block, (samples,)."""
    first = np.repeat(np.cumsum(counts) - counts, counts)
    return np.asarray(np.arange(counts.sum()) - first)


def _last_stamp(
    last: bytes, size: int | None, starts: np.ndarray, steps: np.ndarray, counts: np.ndarray
) -> int | None:
    """The time of the last sample: of the last blocks, else about, from the number of blocks."""
    if size is None:
        return None
    if not last:
        blocks = (size - _HEADER) // _BLOCK
        return int(starts[0] + blocks * np.median(counts * steps) - steps[0])
    tail = _valid_blocks(last[(len(last) - size) % _BLOCK :])
    if len(tail):
        starts, steps, counts = _block_times(tail)
    return int(starts[-1] + (counts[-1] - 1) * steps[-1])


def _missing_blocks(path: Path) -> list[str]:
    """What size and block sequence say about missing parts of a file."""
    size = path.stat().st_size
    warnings = []
    if size % _BLOCK:
        warnings.append("the file is cut off within a block: its end is missing")
    missing = restarts = 0
    last: int | None = None
    with path.open("rb") as stream:
        stream.seek(_HEADER)
        while data := stream.read(_BLOCK * 2**14):
            blocks = np.frombuffer(data[: len(data) // _BLOCK * _BLOCK], np.uint8).reshape(-1, _BLOCK)
            blocks = blocks[(blocks[:, 0] == ord("A")) & (blocks[:, 1] == ord("X"))]
            sequence = _field(blocks, 10, "<u4")
            if len(sequence) == 0:
                continue
            steps = np.diff(sequence, prepend=sequence[0] - 1 if last is None else last)
            restarts += int(np.count_nonzero(steps < 1))
            missing += int((steps[steps > 1] - 1).sum())
            last = int(sequence[-1])
    if missing:
        warnings.append(f"{missing} blocks are missing from the sequence")
    if restarts:
        warnings.append(f"the sequence of blocks restarts {restarts} times")
    return warnings


FORMAT = Format(
    "cwa",
    "Axivity .cwa",
    (".cwa",),
    read_recording=partial(
        open_device,
        title="Axivity .cwa",
        modalities=_MODALITIES,
        read_head=read_head,
        read_samples=read_samples,
    ),
    modalities=_MODALITIES,
    gzip=True,
    whole_file=True,
)
