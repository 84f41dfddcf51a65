"""activity.bin of an older ActiGraph .gt3x file: samples of 12 bits from the start date on, without times.

Layout: ActiGraph, NHANES GT3X File Format (of two samples in nine bytes y, x, z; 341 steps a g).
"""

from collections.abc import Iterator

import numpy as np

from wearcli.errors import InputError
from wearcli.recordings.formats.actigraph_archive import Archive
from wearcli.recordings.formats.actigraph_info import Info, Settings
from wearcli.recordings.formats.bits import signed_12_bits
from wearcli.recordings.formats.device_files import DeviceHead, Ending, Samples
from wearcli.recordings.formats.losses import TICK_NS, Losses, elapsed
from wearcli.recordings.tables.table import HEAD_ROWS

_NAME = "activity.bin"
_GROUP = 9  # bytes of two samples


def read_head(archive: Archive, info: Info, file_name: str) -> DeviceHead:
    """Return what info.txt and the length of activity.bin tell.

    Raises:
        InputError: info.txt does not say when it began, and at which rate.
    """
    start_ns, rate = _begin(info, file_name)
    size, samples = archive.members[_NAME].size or 0, 0
    for part in _parts(archive):
        samples += len(part) * 2 // _GROUP
        if samples >= HEAD_ROWS:
            break
    if not samples:
        raise InputError(f"{file_name}: holds no samples: copy it again")
    settings = Settings(info)
    return DeviceHead(
        _stamps(start_ns, rate, 0, min(samples, HEAD_ROWS)),
        start_ns + round((max(size * 2 // _GROUP, samples) - 1) * TICK_NS / rate),
        rate,
        settings.range_g,
        zone=settings.zone,
        facts=info.facts,
    )


def read_samples(archive: Archive, info: Info, ending: Ending, file_name: str) -> Iterator[Samples]:
    """Yield the samples; `ending` gets what is damaged or missing."""
    start_ns, rate = _begin(info, file_name)
    settings, count = Settings(info), 0
    for part in _parts(archive):
        data = np.frombuffer(part, np.uint8)
        if short := -len(data) % 3:  # the last byte of an odd number of samples has half a number
            data = np.pad(data, (0, short))
        samples = len(part) * 2 // _GROUP
        raw = signed_12_bits(data)[: 3 * samples].reshape(-1, 3)
        if samples:
            values = raw[:, [1, 0, 2]] / np.float32(settings.scale)
            yield Samples(_stamps(start_ns, rate, count, samples), values)
        count += samples
    losses = Losses(start_ns)
    end_ns = start_ns + round(count * TICK_NS / rate)
    if archive.cut or not archive.closed:
        losses.lines.append(f"the file is cut off {losses.at(end_ns)}: its end is missing")
    elif (stop_ns := info.ticks_ns("Stop Date")) and stop_ns - end_ns > 60 * TICK_NS:
        losses.lines.append(
            f"{_NAME} ends {losses.at(end_ns)}, {elapsed(stop_ns - end_ns)} before the stop that was set"
        )
    ending.warnings += [*settings.warnings, *losses.lines]


def _begin(info: Info, file_name: str) -> tuple[int, float]:
    """The time of the first sample by the device's clock, ns since 1970, and the rate, Hz."""
    start_ns, rate = info.ticks_ns("Start Date"), info.number("Sample Rate")
    if start_ns is None or not rate:
        raise InputError(f"{file_name}: its info.txt has no start date or no sample rate: export it as CSV")
    return start_ns, rate


def _parts(archive: Archive) -> Iterator[bytes]:
    """The bytes in parts of whole pairs of samples, but for the last one."""
    rest = b""
    for part in archive.parts(_NAME):
        data = rest + part
        whole = len(data) // _GROUP * _GROUP
        rest = data[whole:]
        yield data[:whole]
    yield rest


def _stamps(start_ns: int, rate_hz: float, first: int, count: int) -> np.ndarray:
    """The times of samples by their numbers, (count,) int64 ns."""
    index = np.arange(first, first + count)
    return np.asarray(start_ns + np.rint(index * (TICK_NS / rate_hz)).astype(np.int64))
