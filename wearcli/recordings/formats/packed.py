"""Bytes of a file that may be packed as .gz: its two ends, or all of it."""

import gzip
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from wearcli.errors import InputError
from wearcli.leftovers import scratch
from wearcli.recordings.formats.bombs import check_ratio

_BLOCK = 2**16
# How often the room is looked at while unpacking, and the share of a disk that stays free.
_BLOCKS_A_LOOK = 256
_LEAST_FREE = 0.02
# How many times larger than its .gz a device file may be; beyond, the length in the .gz is damaged.
_LARGEST_RATIO = 50


class Ends(NamedTuple):
    """The first and the last bytes of a file, unpacked.

    Attributes:
        first: From the beginning of the file.
        last: To the end of the file; empty for a .gz, which would have to be unpacked whole.
        size: Bytes of the file, unpacked; None where a .gz does not tell.
    """

    first: bytes
    last: bytes
    size: int | None


def is_packed(path: Path) -> bool:
    """Return whether a file is a .gz by its name."""
    return path.suffix.lower() == ".gz"


def read_ends(path: Path, first: int, last: int, file_name: str) -> Ends:
    """Return the first and the last bytes of a file, as many as asked for, or as there are.

    Raises:
        InputError: The file is empty, or a .gz that cannot be unpacked.
    """
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        if not is_packed(path):
            stream.seek(max(0, size - last))
            tail = stream.read()
            stream.seek(0)
            ends = Ends(stream.read(first), tail, size)
        else:
            stream.seek(max(0, size - 4))
            whole = int.from_bytes(stream.read(), "little")  # modulo 4 GiB (RFC 1952)
            plausible = size <= whole <= size * _LARGEST_RATIO
            ends = Ends(b"".join(_unpacked_blocks(path, [], first)), b"", whole if plausible else None)
    if not ends.first and size and is_packed(path):
        raise InputError(f"{file_name}: the .gz cannot be unpacked: copy it again")
    if not ends.first:
        raise InputError(f"{file_name}: the file is empty: copy it again")
    return ends


@contextmanager
def unpacked(path: Path, file_name: str) -> Iterator[tuple[Path, list[str]]]:
    """Yield the file itself, or its .gz unpacked; and what was wrong with the .gz.

    Raises:
        InputError: A .gz cannot be unpacked at all.
    """
    if not is_packed(path):
        yield path, []
        return
    warnings: list[str] = []
    with scratch() as place:
        plain = place / path.with_suffix("").name
        with plain.open("wb") as target:
            for number, block in enumerate(_unpacked_blocks(path, warnings)):
                if number % _BLOCKS_A_LOOK == 0:
                    _check_room(place, file_name)
                target.write(block)
        if warnings and plain.stat().st_size == 0:
            raise InputError(f"{file_name}: the .gz cannot be unpacked: copy it again")
        yield plain, warnings


def _check_room(folder: Path, file_name: str) -> None:
    """Raise InputError before the disk of a temporary folder is full: others need it too."""
    disk = shutil.disk_usage(folder)
    if disk.free < _LEAST_FREE * disk.total + _BLOCK * _BLOCKS_A_LOOK:
        raise InputError(
            f"{file_name}: no room to unpack it in {folder.parent}: unpack it yourself, or name another "
            "folder in the variable TMPDIR"
        )


def _unpacked_blocks(path: Path, warnings: list[str], limit: int | None = None) -> Iterator[bytes]:
    """What is in a .gz, up to its damage, of which `warnings` gets a line."""
    count = 0
    with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) as packed:
        while limit is None or count < limit:
            try:
                # read() would throw away what precedes the damage.
                block = packed.read1(_BLOCK if limit is None else min(_BLOCK, limit - count))
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                warnings.append(f"the .gz is cut off or damaged ({error}): what came before is used")
                return
            if not block:
                return
            count += len(block)
            check_ratio(count, path.stat().st_size, str(path))
            yield block
