"""Pages of a GENEActiv .bin file: a few lines of text, then 300 samples in hexadecimal digits."""

import binascii
import io
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from wearcli.recordings.formats.losses import TICK_NS, Losses

PAGE_SAMPLES, SAMPLE_BYTES = 300, 6
_MARK = b"Recorded Data"
_AT_ONCE = 2**20  # bytes
_LONGEST = 2**14  # bytes of a page that is not damaged
_LATEST_NS = 2**62  # in the year 2116
_DIGITS = 2 * SAMPLE_BYTES * PAGE_SAMPLES
_TIME = re.compile(rb"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d):(\d{3})")
_RATE = re.compile(rb"\d+(?:\.\d+)?")
_HEX = re.compile(rb"[0-9A-Fa-f]*")


class Page(NamedTuple):
    """A page.

    Attributes:
        number: Its number in the sequence; None where that is damaged.
        start_ns: Time of its first sample by the device's clock, ns since 1970.
        step_ns: Nominal time from sample to sample, ns.
        data: Its samples, six bytes each.
    """

    number: int | None
    start_ns: int
    step_ns: float
    data: bytes

    @property
    def samples(self) -> int:
        """Number of samples in it."""
        return len(self.data) // SAMPLE_BYTES


class PageReader:
    """Reads pages one after another, and counts what of them is lost.

    Args:
        stream: The file, at its beginning.

    Attributes:
        pages: Number of usable pages so far.
        short: Samples that are missing in them.
        missing: Pages that the sequence lacks between them; those that are damaged do not count.
        missing_ns: Time before the first of those.
        last_number: Number of the last page in the sequence.
        end_ns: Time after the last sample, about.
        cut: Whether the last page is not whole.
        losses: Pages that are damaged.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.pages = self.short = self.missing = 0
        self.missing_ns = self.end_ns = 0
        self.last_number: int | None = None
        self.cut = False
        self.losses = Losses(0, "page")
        self._unusable: list[int] = []  # bytes of those since the last usable page

    def batches(self) -> Iterator[list[Page]]:
        """Yield the usable pages, some at a time."""
        for texts in _texts(self._stream):
            batch = []
            for text in texts:
                page = _page(text)
                if page is None:
                    self._unusable.append(len(text))
                else:
                    self._count(page)
                    batch.append(page)
            if batch:
                yield batch
        if self._unusable:  # the last one is cut off where the file is
            self.cut = True
            self._lose(self._unusable[:-1])

    def _lose(self, sizes: list[int]) -> None:
        self.losses.add(len(sizes), sum(sizes), self.end_ns or None)

    def _count(self, page: Page) -> None:
        if not self.pages:
            self.losses.first_ns = page.start_ns
        self._lose(self._unusable)
        if page.number is not None and self.last_number is not None:
            absent = page.number - self.last_number - 1 - len(self._unusable)
            if absent > 0:
                self.missing_ns = self.missing_ns or self.end_ns
                self.missing += absent
        self._unusable = []
        self.last_number = page.number if page.number is not None else (self.last_number or 0) + 1
        self.pages += 1
        self.short += PAGE_SAMPLES - page.samples
        self.end_ns = page.start_ns + round(page.samples * page.step_ns)


def pages(data: bytes) -> Iterator[Page]:
    """Yield the usable pages in a part of a file."""
    for batch in PageReader(io.BytesIO(data)).batches():
        yield from batch


def _texts(stream: BinaryIO) -> Iterator[list[bytes]]:
    """What stands between the marks of pages, some at a time; without what comes before the first one."""
    rest, inside = b"", False
    while data := stream.read(_AT_ONCE):
        parts = (rest + data).split(_MARK)
        if len(parts) > 1:
            texts, inside = parts[:-1] if inside else parts[1:-1], True
            if texts:
                yield [text[:_LONGEST] for text in texts]
        rest = parts[-1]
        if len(rest) > _LONGEST + len(_MARK):
            # Far too long for a page: its end is kept, as a mark may be cut there.
            rest = rest[:_LONGEST] + rest[-len(_MARK) :]
    if inside:
        yield [rest[:_LONGEST]]


def _page(text: bytes) -> Page | None:
    """The page of a text; None where its time, its rate or all of its samples are damaged."""
    fields: dict[bytes, bytes] = {}
    lines = text.split(b"\n")
    for number, line in enumerate(lines):
        key, colon, value = line.partition(b":")
        if colon:
            fields.setdefault(key.strip(), value.strip())
        elif b"Measurement Frequency" in fields:
            digits = b"".join(part.strip() for part in lines[number:])[:_DIGITS]
            break
    else:
        return None
    time = _TIME.match(fields.get(b"Page Time", b""))
    rate = _RATE.match(fields[b"Measurement Frequency"])
    if time is None or rate is None or not float(rate[0]) > 0:
        return None
    try:
        data = binascii.unhexlify(digits)
    except ValueError:
        usable = _HEX.match(digits)
        digits = usable[0] if usable else b""
        data = binascii.unhexlify(digits[: len(digits) // 2 * 2])
    data = data[: len(data) // SAMPLE_BYTES * SAMPLE_BYTES]
    try:
        stamp = np.datetime64(b"T".join(time.group(1, 2)).decode(), "s").astype(np.int64)
    except ValueError:
        return None
    start_ns = int(stamp) * TICK_NS + int(time[3]) * 10**6
    if not data or not 0 <= start_ns < _LATEST_NS:
        return None
    number_text = fields.get(b"Sequence Number", b"")
    number_in_file = int(number_text) if number_text.isdigit() else None
    return Page(number_in_file, start_ns, TICK_NS / float(rate[0]), data)
