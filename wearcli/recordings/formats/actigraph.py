"""ActiGraph .gt3x files, plain or .gz: a zip archive with info.txt and the samples.

Of devices from firmware 3.0 on log.bin has them, a log of records with a time each; of GT3X+ and ActiSleep+
before, as in NHANES 2011 to 2014, activity.bin, which is samples alone.

Layout: ActiGraph, GT3X File Format, and NHANES GT3X File Format.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from wearcli.errors import InputError
from wearcli.recordings.formats import actigraph_activity
from wearcli.recordings.formats.actigraph_archive import Archive
from wearcli.recordings.formats.actigraph_info import Info, Settings
from wearcli.recordings.formats.actigraph_log import Activity, Gaps, LogReader, Record
from wearcli.recordings.formats.device_files import DeviceHead, Ending, Samples, open_device
from wearcli.recordings.formats.format import Format
from wearcli.recordings.formats.losses import TICK_NS, Losses, elapsed
from wearcli.recordings.formats.packed import unpacked
from wearcli.recordings.tables.table import HEAD_ROWS

_LOG, _ACTIVITY, _INFO = "log.bin", "activity.bin", "info.txt"
_TAIL_BYTES = 2**16
_MODALITIES = ("acc",)
_END_NS = 2 * TICK_NS  # the device's last sample may be so much after the last record's


def read_head(path: Path, file_name: str) -> DeviceHead:
    """Return what info.txt and the first and last records of the log tell.

    The end of a long log that is deflated would have to be unpacked to: info.txt tells it, to a minute or so.

    Raises:
        InputError: It is no .gt3x file, or none of its first records can be used.
    """
    with unpacked(path, file_name) as (plain, _):
        archive = _open(plain, file_name)
        info = Info.parse(archive.text(_INFO))
        if _LOG not in archive.members:
            return actigraph_activity.read_head(archive, info, file_name)
        settings, reader = Settings(info), LogReader()
        head: list[np.ndarray] = []
        for samples in _stream(archive, reader, settings):
            head.append(samples.time_ns)
            if sum(map(len, head)) >= HEAD_ROWS:
                break
        if not head:
            raise _nothing(archive, file_name)
        stamps = np.concatenate(head)[:HEAD_ROWS]
        tail = LogReader(searching=True)
        for _ in tail.feed(archive.last_bytes(_LOG, _TAIL_BYTES), last=True):
            pass
    last_ns = info.last_ns or 0
    if tail.last_s is not None:
        device_ns = last_ns if tail.asleep else 0
        last_ns = max(device_ns, (tail.last_s + 1) * TICK_NS - round(TICK_NS / (settings.rate_hz or 1)))
    return DeviceHead(
        stamps,
        last_ns if last_ns > stamps[0] else None,
        settings.rate_hz,
        settings.range_g,
        zone=settings.zone,
        facts=info.facts,
    )


def read_samples(path: Path, file_name: str, modality: str, ending: Ending) -> Iterator[Samples]:
    """Yield the samples second by second; `ending` gets what is damaged or missing, and when it ended."""
    with unpacked(path, file_name) as (plain, warnings):
        archive = _open(plain, file_name)
        info = Info.parse(archive.text(_INFO))
        if _LOG not in archive.members:
            yield from actigraph_activity.read_samples(archive, info, ending, file_name)
            return
        settings, reader = Settings(info), LogReader()
        first_ns = 0
        for samples in _stream(archive, reader, settings):
            first_ns = first_ns or int(samples.time_ns[0])
            yield samples
        if not first_ns:
            raise _nothing(archive, file_name)
    losses = Losses(first_ns, "part", reader.damaged, reader.damaged_bytes)
    if reader.damaged_s is not None:
        losses.since_ns = (reader.damaged_s + 1) * TICK_NS
    end_ns = ((reader.last_s or 0) + 1) * TICK_NS
    rest_ns = max(0, (info.last_ns or 0) - end_ns)
    cut = not archive.closed or archive.cut or reader.cut
    if rest_ns > _END_NS and reader.asleep and not cut:
        ending.last_ns = info.last_ns
        reader.idle.count += 1
        reader.idle.seconds += rest_ns // TICK_NS
    losses.lines += _without_samples(reader.idle, "the device was idle (idle sleep mode) or on USB")
    losses.lines += _without_samples(reader.lost, "the log has no whole records there")
    if cut or (rest_ns > _END_NS and not reader.asleep):
        missing = f", {elapsed(rest_ns)} before the device's last sample" if rest_ns > _END_NS else ""
        losses.lines.append(f"the file is cut off {losses.at(end_ns)}{missing}: its end is missing")
    ending.warnings += [*warnings, *settings.warnings, *losses.warnings()]


def _without_samples(gaps: Gaps, why: str) -> list[str]:
    if not gaps.count:
        return []
    number = f"{gaps.count} gap{'s' * (gaps.count > 1)}"
    return [f"no samples for {elapsed(gaps.seconds * TICK_NS)} in {number}: {why}"]


def _open(path: Path, file_name: str) -> Archive:
    """The archive of a file that is not packed; it has samples of one generation or the other."""
    archive = Archive(path, file_name)
    if _LOG not in archive.members and (_ACTIVITY not in archive.members or _INFO not in archive.members):
        if not archive.closed:
            raise InputError(
                f"{file_name}: the .gt3x is cut off (its zip archive is not closed): copy it again"
            )
        lacking = _LOG if _ACTIVITY not in archive.members else _INFO
        raise InputError(
            f"{file_name}: not a readable ActiGraph .gt3x file (it has no {lacking}): export it as CSV"
        )
    return archive


def _nothing(archive: Archive, file_name: str) -> InputError:
    if not archive.closed:
        return InputError(f"{file_name}: the .gt3x is cut off (its zip archive is not closed): copy it again")
    return InputError(f"{file_name}: holds no samples: copy it again")


def _stream(archive: Archive, reader: LogReader, settings: Settings) -> Iterator[Samples]:
    """The samples of a log, as its parts come."""
    for part in archive.parts(_LOG):
        yield from _samples(reader.feed(part), settings)
    yield from _samples(reader.feed(b"", last=True), settings)


def _samples(items: Iterator[Record | Activity], settings: Settings) -> Iterator[Samples]:
    for item in items:
        if isinstance(item, Record):
            settings.note(item)
            continue
        count = len(item.times_s)
        # A record has one second; one of fewer samples than that is cut short.
        within = np.rint(np.arange(item.samples) * (TICK_NS / max(item.samples, settings.rate_hz or 0)))
        times = item.times_s[:, None] * TICK_NS + within.astype(np.int64)
        yield Samples(times.reshape(count * item.samples), item.values / np.float32(settings.scale))


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
)
