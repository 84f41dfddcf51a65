"""GENEActiv .bin files, plain or .gz: text, with a header and pages of 300 samples in hexadecimal digits.

Layout: Activinsights, GENEActiv Instructions for Use, "Understanding .bin files" (a sample is 12 digits: x, y
and z of 12 bits each, light of 10 bits, the button, a reserve; g is (x * 100 - offset) / gain).
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wearcli.errors import InputError
from wearcli.recordings.formats.bits import signed_12_bits
from wearcli.recordings.formats.device_files import DeviceHead, Ending, Samples, block_stamps, open_device
from wearcli.recordings.formats.format import Format
from wearcli.recordings.formats.geneactiv_pages import PAGE_SAMPLES, SAMPLE_BYTES, Page, PageReader, pages
from wearcli.recordings.formats.losses import Losses
from wearcli.recordings.formats.packed import read_ends, unpacked
from wearcli.recordings.tables.table import HEAD_ROWS

_PAGE_BYTES = 4096  # a little more than a page has
_HEADER_BYTES = 2**14
_HEAD_BYTES = _HEADER_BYTES + _PAGE_BYTES * (HEAD_ROWS // PAGE_SAMPLES + 1)
_TAIL_BYTES = 3 * _PAGE_BYTES
_MODALITIES = ("acc",)
# What of the header is about the device and its settings, not about a person.
_FACTS = (
    *("Device Unique Serial Code", "Device Type", "Device Model", "Device Firmware Version"),
    *("Calibration Date", "Accelerometer Range", "Measurement Frequency", "Start Time", "Time Zone"),
    "Number of Pages",
)


class _Calibration(NamedTuple):
    """Gain and offset of x, y and z, (3,) float32 each."""

    gain: np.ndarray
    offset: np.ndarray


def read_head(path: Path, file_name: str) -> DeviceHead:
    """Return what the header, the first pages and the last one tell.

    Raises:
        InputError: It is no .bin file of GENEActiv, or none of its first pages can be used.
    """
    first, last, _ = read_ends(path, _HEAD_BYTES, _TAIL_BYTES, file_name)
    if b"Device Identity" not in first[:64]:
        raise InputError(f"{file_name}: not a GENEActiv .bin file (its header is none): is its suffix right?")
    head = list(pages(first))
    if not head:
        raise InputError(f"{file_name}: holds no samples: copy it again")
    fields = _fields(first)
    count = _number(fields.get("Number of Pages", ""))
    end = max(pages(last), key=lambda page: page.start_ns, default=head[-1]) if last else None
    if end is not None:
        last_ns = end.start_ns + round((end.samples - 1) * end.step_ns)
    else:  # a .gz does not show its end: about, from the number of pages
        last_ns = head[0].start_ns + round((int(count or 0) * PAGE_SAMPLES - 1) * head[0].step_ns)
    return DeviceHead(
        _stamps(head, 0)[:HEAD_ROWS],
        last_ns if end is not None or count else None,
        _number(fields.get("Measurement Frequency", "")),
        _number(fields.get("Accelerometer Range", "")),
        zone=fields.get("Time Zone"),
        facts={key: fields[key] for key in _FACTS if fields.get(key)},
    )


def read_samples(path: Path, file_name: str, modality: str, ending: Ending) -> Iterator[Samples]:
    """Yield the samples page by page; `ending` gets what is damaged or missing."""
    with unpacked(path, file_name) as (plain, warnings), plain.open("rb") as stream:
        fields = _fields(stream.read(_HEADER_BYTES))
        calibration = _calibration(fields, file_name)
        stream.seek(0)
        reader = PageReader(stream)
        held: list[Page] = []  # the page whose end the start of the next one tells
        for batch in reader.batches():
            ready = [*held, *batch]
            held = [ready.pop()]
            if ready:
                yield _samples(ready, held[0].start_ns, calibration)
        if not held:
            raise InputError(f"{file_name}: holds no samples: copy it again")
        yield _samples(held, 0, calibration)
        ending.warnings += [*warnings, *_lost(reader, _number(fields.get("Number of Pages", "")))]


def _samples(batch: list[Page], next_ns: int, calibration: _Calibration) -> Samples:
    data = np.frombuffer(b"".join(page.data for page in batch), np.uint8).reshape(-1, SAMPLE_BYTES)
    values = signed_12_bits(data)[:, :3].astype(np.float32)  # without light and button
    values *= 100.0
    values -= calibration.offset
    values /= calibration.gain
    return Samples(_stamps(batch, next_ns), values)


def _stamps(batch: list[Page], next_ns: int) -> np.ndarray:
    """The times of the samples of pages, (samples,) int64; next_ns: of the page after them, 0 for none."""
    starts = np.array([*(page.start_ns for page in batch), next_ns])
    counts, steps = np.array([page.samples for page in batch]), np.array([page.step_ns for page in batch])
    return block_stamps(starts, counts, steps)


def _lost(reader: PageReader, count: float | None) -> list[str]:
    """What of the file is damaged or missing, one line each."""
    losses: Losses = reader.losses
    there, whole = reader.pages, int(count or 0)
    if reader.missing:
        losses.lines.append(
            f"{reader.missing} pages are missing from the sequence, the first {losses.at(reader.missing_ns)}"
        )
    if reader.last_number is not None and reader.last_number + 1 < whole:
        at = losses.at(reader.end_ns).removesuffix(" after the start")
        losses.lines.append(f"the file is cut off {at} after the start: {there} of {whole} pages are there")
    elif reader.short or reader.cut:
        wanted = there * PAGE_SAMPLES
        losses.lines.append(
            f"the file is cut off or damaged: {wanted - reader.short} of {wanted} samples are there"
        )
    return losses.warnings()


def _fields(header: bytes) -> dict[str, str]:
    """The entries of the header, by name."""
    text = header.partition(b"Recorded Data")[0].decode("latin-1")
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {key.strip(): value.strip(" \0\r") for key, _, value in pairs}


def _calibration(fields: dict[str, str], file_name: str) -> _Calibration:
    try:
        gain, offset = (
            np.array([float(fields[f"{axis} {name}"]) for axis in "xyz"]) for name in ("gain", "offset")
        )
    except (KeyError, ValueError):
        gain = offset = np.zeros(3)
    if not (np.isfinite(offset).all() and (np.isfinite(gain) & (gain != 0)).all()):
        raise InputError(
            f"{file_name}: its calibration (gain and offset of x, y, z) is damaged: copy it again"
        )
    return _Calibration(gain.astype(np.float32), offset.astype(np.float32))


def _number(text: str) -> float | None:
    """The last positive number of an entry: of "-8 to 8" the 8, of "60 Hz" the 60."""
    numbers = [float(word) for word in re.findall(r"\d+(?:\.\d+)?", text)]
    return numbers[-1] if numbers and numbers[-1] > 0 else None


FORMAT = Format(
    "bin",
    "GENEActiv .bin",
    (".bin",),
    read_recording=partial(
        open_device,
        title="GENEActiv .bin",
        modalities=_MODALITIES,
        read_head=read_head,
        read_samples=read_samples,
    ),
    modalities=_MODALITIES,
    gzip=True,
)
