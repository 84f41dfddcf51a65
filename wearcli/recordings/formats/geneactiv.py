"""GENEActiv .bin files, plain or .gz: text, with a header and pages of 300 samples in hexadecimal digits."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wearcli.errors import InputError
from wearcli.recordings.formats.actfast_reader import Tables, read_tables, signal_columns
from wearcli.recordings.formats.device_files import TICK_NS, DeviceHead, Samples, open_device
from wearcli.recordings.formats.format import Format
from wearcli.recordings.formats.packed import read_ends, unpacked
from wearcli.recordings.tables.table import HEAD_ROWS

_PAGE_SAMPLES = 300
_DIGITS = 12  # of a sample
_PAGE_BYTES = 4096  # a little more than a page has
_HEADER_BYTES = 2**14
_HEAD_BYTES = _HEADER_BYTES + _PAGE_BYTES * (HEAD_ROWS // _PAGE_SAMPLES + 1)
_TAIL_BYTES = 3 * _PAGE_BYTES
_MODALITIES = ("acc",)
_PAGE = re.compile(
    rb"Page Time:(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d):(\d{3})[^\n]*\n"
    rb"(?:(?!Recorded Data)[^\n]*\n)*?Measurement Frequency:(\d+(?:\.\d+)?)[^\n]*\n([0-9A-Fa-f]*)"
)
# What of the header is about the device and its settings, not about a person.
_FACTS = (
    *("Device Unique Serial Code", "Device Type", "Device Model", "Device Firmware Version"),
    *("Calibration Date", "Accelerometer Range", "Measurement Frequency", "Start Time", "Time Zone"),
    "Number of Pages",
)


class _Page(NamedTuple):
    start_ns: int
    step_ns: int
    samples: int

    @property
    def last_ns(self) -> int:
        return self.start_ns + (self.samples - 1) * self.step_ns


def read_head(path: Path, file_name: str) -> DeviceHead:
    """Return what the header, the first pages and the last one tell.

    Raises:
        InputError: It is no .bin file of GENEActiv, or none of its first pages can be used.
    """
    first, last, _ = read_ends(path, _HEAD_BYTES, _TAIL_BYTES, file_name)
    if b"Device Identity" not in first[:64]:
        raise InputError(f"{file_name}: not a GENEActiv .bin file (its header is none): is its suffix right?")
    pages = list(_pages(first))
    if not pages:
        raise InputError(f"{file_name}: holds no samples: copy it again")
    facts = _facts(first[: first.find(b"Recorded Data")])
    stamps = [page.start_ns + np.arange(page.samples) * page.step_ns for page in pages]
    count = _number(facts.get("Number of Pages", ""))
    if last:
        last_ns = max(_pages(last), key=lambda page: page.start_ns, default=pages[-1]).last_ns
    else:  # a .gz does not show its end: about, from the number of pages
        last_ns = pages[0].start_ns + int((count or 0) * _PAGE_SAMPLES - 1) * pages[0].step_ns
    return DeviceHead(
        np.concatenate(stamps)[:HEAD_ROWS],
        last_ns if last or count else None,
        _number(facts.get("Measurement Frequency", "")),
        _number(facts.get("Accelerometer Range", "")),
        facts=facts,
    )


def read_samples(path: Path, file_name: str, modality: str) -> Samples:
    """Return all samples of a signal, and what is damaged or missing."""
    with unpacked(path, file_name) as (plain, warnings):
        tables, damage = read_tables(plain, ascii_only=True)
        with plain.open("rb") as stream:
            count = _number(_facts(stream.read(_HEADER_BYTES)).get("Number of Pages", ""))
    return Samples(
        *signal_columns(tables, modality, file_name), [*warnings, *damage, *_missing_pages(tables, count)]
    )


def _pages(data: bytes) -> Iterator[_Page]:
    """The pages in a part of a file; those without a time, a rate or samples are left out."""
    for date, time, milliseconds, rate, digits in _PAGE.findall(data):
        samples = min(len(digits) // _DIGITS, _PAGE_SAMPLES)
        try:
            stamp = np.datetime64(f"{date.decode()}T{time.decode()}", "s").astype(np.int64)
        except ValueError:
            continue
        if samples and float(rate) > 0:
            start_ns = int(stamp) * TICK_NS + int(milliseconds) * 10**6
            # In float32, as the reader of the samples counts.
            yield _Page(start_ns, int(np.float32(TICK_NS) / np.float32(rate)), samples)


def _facts(header: bytes) -> dict[str, str]:
    lines = header.decode("latin-1").splitlines()
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {key: text for key, _, value in pairs if key in _FACTS and (text := value.strip(" \0"))}


def _number(text: str) -> float | None:
    """The last positive number of an entry: of "-8 to 8" the 8, of "60 Hz" the 60."""
    numbers = [float(word) for word in re.findall(r"\d+(?:\.\d+)?", text)]
    return numbers[-1] if numbers and numbers[-1] > 0 else None


def _missing_pages(tables: Tables, count: float | None) -> list[str]:
    pages = len(tables.get("low_frequency", {}).get("datetime", ()))
    samples = len(tables.get("high_frequency", {}).get("datetime", ()))
    if count and pages < int(count):
        return [f"the file is cut off: {pages} of {int(count)} pages are there"]
    if samples < pages * _PAGE_SAMPLES:
        return [f"the file is cut off or damaged: {samples} of {pages * _PAGE_SAMPLES} samples are there"]
    return []


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
    whole_file=True,
)
