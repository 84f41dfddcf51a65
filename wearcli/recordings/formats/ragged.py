"""Rows that lack their last cells, or have empty ones too many, brought to one width on the way."""

import codecs
import csv
import io
from typing import Protocol


class ByteStream(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most so many; none at the end."""


_LONGEST_ROW = 2**20


class EvenRows(io.RawIOBase):
    """The bytes of a text table in UTF-8, each row with the same number of cells.

    A row with one cell, and one with more cells than there are columns that are not empty, is left as it is:
    they are no rows of samples.

    Args:
        stream: The bytes of the file.
        delimiter: What stands between cells.
        width: Number of columns.
        encoding: The encoding of the bytes.
    """

    def __init__(self, stream: ByteStream, delimiter: str, width: int, encoding: str) -> None:
        super().__init__()
        self._stream, self._delimiter, self._width = stream, delimiter.encode(), width
        utf8 = encoding in ("utf8", "utf-8")
        self._decoder = None if utf8 else codecs.getincrementaldecoder(encoding)()
        self._rest = self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        """Return True: rows can be read."""
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fill a buffer with what comes next; returns the number of bytes, 0 at the end."""
        while not self._ready and not self._ended:
            self._fill(len(buffer))
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count

    def _fill(self, size: int) -> None:
        block = bytes(self._stream.read(max(size, 2**16)))
        self._ended = not block
        if self._decoder is not None:
            block = self._decoder.decode(block, final=self._ended).encode()
        lines = (self._rest + block).splitlines(keepends=True)
        # The last line may go on, and a carriage return may be half of a line's end.
        self._rest = b"" if self._ended or not lines else lines.pop()
        self._ready = b"".join(map(self._even, lines))
        if len(self._rest) > _LONGEST_ROW:  # Arrow will say so
            self._ready, self._rest = self._ready + self._rest, b""

    def _even(self, line: bytes) -> bytes:
        row = line.rstrip(b"\r\n")
        cells = self._count(row)
        if cells < 2 or cells == self._width:
            return line
        end = line[len(row) :]
        if cells < self._width:
            return row + self._delimiter * (self._width - cells) + end
        bare = row
        while cells > self._width and (shorter := bare.rstrip(b" ")).endswith(self._delimiter):
            bare, cells = shorter[: -len(self._delimiter)], cells - 1
        return bare + end if cells == self._width else line

    def _count(self, row: bytes) -> int:
        if b'"' not in row:
            return row.count(self._delimiter) + 1 if row.strip() else 0
        text = row.decode("latin-1")
        try:
            return len(next(csv.reader([text], delimiter=self._delimiter.decode(), skipinitialspace=True)))
        except csv.Error:  # a cell of more than 128 KB: no row of samples
            return 0
