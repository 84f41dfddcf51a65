"""Axivity .cwa files of AX3 and AX6, plain or .gz.

Layout: openmovement, cwa.h (a header of 1024 bytes, then blocks of 512 bytes with a time each).
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from wearcli.errors import InputError
from wearcli.recordings.formats import axivity_blocks as cwa
from wearcli.recordings.formats.axivity_blocks import BLOCK, HEADER
from wearcli.recordings.formats.axivity_index import index_blocks, ordered_blocks
from wearcli.recordings.formats.device_files import DeviceHead, Ending, Samples, block_stamps, open_device
from wearcli.recordings.formats.format import Format
from wearcli.recordings.formats.packed import read_ends, unpacked
from wearcli.recordings.tables.table import HEAD_ROWS

_FEWEST_SAMPLES = 40  # in a block, of six axes
_HEAD_BYTES = HEADER + BLOCK * (HEAD_ROWS // _FEWEST_SAMPLES + 1)
_TAIL_BLOCKS = 64
_BLOCKS_AT_ONCE = 1024
_MODALITIES = ("acc", "gyro")
_SIX_AXES = 6


def read_head(path: Path, file_name: str) -> DeviceHead:
    """Return what the header, the first blocks and the last ones tell.

    Raises:
        InputError: It is no .cwa file, or none of its first blocks can be used.
    """
    first, last, size = read_ends(path, _HEAD_BYTES, BLOCK * (_TAIL_BLOCKS + 1), file_name)
    if first[:2] != b"MD":
        raise InputError(f"{file_name}: not an Axivity .cwa file (its header is none): is its suffix right?")
    blocks = cwa.as_blocks(first[HEADER:])
    blocks = blocks[cwa.is_usable(blocks)]
    if len(blocks) == 0:
        raise InputError(f"{file_name}: holds no samples: copy it again")
    starts = _starts(blocks)
    tail = cwa.as_blocks(last[(len(last) - (size or 0)) % BLOCK :])
    tail = tail[cwa.is_usable(tail)]
    if (np.diff(starts) < 0).any() or (len(tail) and _starts(tail)[-1] < starts[0]):
        blocks = _first_in_time(path, file_name)
        starts = _starts(blocks)
    counts, steps = cwa.sample_counts(blocks), cwa.nominal_steps_ns(blocks)
    stamps = block_stamps(np.append(starts, 0), counts, steps)
    rate_code = first[36]
    return DeviceHead(
        stamps[:HEAD_ROWS],
        _last_stamp(tail, size, blocks, starts),
        float(cwa.rate_hz(rate_code)) if cwa.is_rate(rate_code) else None,
        float(cwa.range_g(blocks[:, 24]).max()),
        _MODALITIES if (blocks[0, 25] >> 4) >= _SIX_AXES else _MODALITIES[:1],
        facts=_facts(first),
    )


def _facts(header: bytes) -> dict[str, str]:
    upper = b"\0\0" if header[11:13] == b"\xff\xff" else header[11:13]
    return {
        "hardware": {0x64: "AX6"}.get(header[4], "AX3"),
        "device": str(int.from_bytes(header[5:7] + upper, "little")),
        "session": str(int.from_bytes(header[7:11], "little")),
        "firmware": str(header[41]),
    }


def _starts(blocks: np.ndarray) -> np.ndarray:
    """The time of the first sample of each block, (n,) int64 ns."""
    times, numbers = cwa.stamps(blocks)
    return cwa.starts(times, numbers, cwa.sample_counts(blocks), cwa.nominal_steps_ns(blocks))


def _first_in_time(path: Path, file_name: str) -> np.ndarray:
    """The first blocks of a file whose blocks are not in the order of their time."""
    with unpacked(path, file_name) as (plain, _):
        index = index_blocks(plain)
        return next(ordered_blocks(plain, index, HEAD_ROWS // _FEWEST_SAMPLES))[1]


def _last_stamp(tail: np.ndarray, size: int | None, blocks: np.ndarray, starts: np.ndarray) -> int | None:
    """The time of the last sample: of the last blocks, else about, from the number of blocks."""
    if size is None:
        return None
    if len(tail):
        blocks, starts = tail, _starts(tail)
    last = int(np.argmax(starts))
    steps, counts = cwa.nominal_steps_ns(blocks), cwa.sample_counts(blocks)
    if not len(tail):
        blocks_in_all = (size - HEADER) // BLOCK
        return int(starts[0] + blocks_in_all * np.median(counts * steps) - steps[0])
    return int(block_stamps(np.append(starts, 0), counts, steps)[: counts[: last + 1].sum()][-1])


def read_samples(path: Path, file_name: str, modality: str, ending: Ending) -> Iterator[Samples]:
    """Yield the samples of a signal block by block; `ending` gets what is damaged or missing."""
    with unpacked(path, file_name) as (plain, warnings):
        index = index_blocks(plain)
        if not len(index):
            raise InputError(f"{file_name}: holds no samples: copy it again")
        for part, blocks in ordered_blocks(plain, index, _BLOCKS_AT_ONCE):
            if modality == "gyro":  # a block without rotation is a gap
                kept = blocks[:, 25] >> 4 >= _SIX_AXES
            else:
                kept = np.ones(len(blocks), bool)
            counts, steps = cwa.sample_counts(blocks), cwa.nominal_steps_ns(blocks)
            stamps = block_stamps(index.starts_ns[part.start : part.stop + 1], counts, steps)
            if not kept.all():
                stamps, blocks = stamps[np.repeat(kept, counts)], blocks[kept]
            yield Samples(stamps, cwa.values(blocks, modality))
        ending.warnings += [*warnings, *index.warnings()]


def read_temperature(path: Path | str, file_name: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the temperature that the device noted with each block.

    Args:
        path: The file, plain or .gz.
        file_name: The file in messages.

    Returns:
        Times by the device's clock, (blocks,) int64 ns since 1970, and degrees Celsius, (blocks,) float64,
        NaN where a block has none.
    """
    with unpacked(Path(path), file_name or str(path)) as (plain, _):
        index = index_blocks(plain)
        parts = [cwa.temperature(blocks) for _, blocks in ordered_blocks(plain, index, _BLOCKS_AT_ONCE)]
    return index.starts_ns[:-1], np.concatenate(parts or [np.zeros(0)])


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
)
