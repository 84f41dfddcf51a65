"""How far a packed file may unpack, and how large a table beside recordings may be: limits on bombs.

What would fill memory, disk or days ends in one line.
"""

import io
import zipfile
from typing import IO, Protocol, cast

from wearcli.errors import InputError

# Recordings shrink to a third or a tenth; one number written for ever shrinks to a thousandth.
MOST_RATIO = 200
# A file that unpacks to less is no danger, whatever its ratio.
HARMLESS_BYTES = 2**28
# Tables beside recordings: rows of recordings.csv, rows of the others (labels of seconds), and columns.
MOST_RECORDINGS = 2_000_000
MOST_ROWS = 20_000_000
MOST_COLUMNS = 10_000


class Readable(Protocol):
    """What bytes can be read from, such as a file of Python or of Arrow."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes."""


def check_ratio(unpacked: int, packed: int, file_name: str) -> None:
    """Raise InputError where so many bytes came out of so few that no recording is in them."""
    if unpacked > max(HARMLESS_BYTES, MOST_RATIO * packed):
        raise InputError(
            f"{file_name}: unpacks to more than {MOST_RATIO} times its {packed:,} bytes, as no recording "
            "does: take it away"
        )


class Unpacking(io.RawIOBase):
    """The unpacked bytes of a stream, up to the limit.

    Args:
        stream: Unpacks as it is read.
        packed: Bytes that it unpacks from.
        file_name: The file in messages.
    """

    def __init__(self, stream: Readable | IO[bytes], packed: int, file_name: str) -> None:
        self._stream, self._packed, self._name = stream, packed, file_name
        self._count = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes.

        Raises:
            InputError: More came than any recording unpacks to.
        """
        data = self._stream.read(size)
        self._count += len(data)
        check_ratio(self._count, self._packed, self._name)
        return data

    def close(self) -> None:
        """Close the stream too."""
        if not self.closed and (close := getattr(self._stream, "close", None)):
            close()
        super().close()


def open_member(archive: zipfile.ZipFile, name: str, file_name: str) -> IO[bytes]:
    """Return the bytes of a file in a zip as a stream, up to the limit."""
    packed = archive.getinfo(name).compress_size
    return cast(IO[bytes], Unpacking(archive.open(name), packed, file_name))
