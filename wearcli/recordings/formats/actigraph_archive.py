"""The zip archive of an ActiGraph .gt3x file: its members, readable up to where the archive is damaged."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from wearcli.errors import InputError
from wearcli.recordings.formats.bombs import check_ratio
from wearcli.recordings.formats.damage import not_readable
from wearcli.recordings.tables.table import ARCHIVE_ERRORS

_AT_ONCE = 2**18
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_LOCAL_MARK = b"PK\x03\x04"
_SIZES_FOLLOW = 8  # flag of a member whose sizes stand after it
_MOST_MEMBERS = 64


class Member(NamedTuple):
    """A file in the archive.

    Attributes:
        name: Its name, without folders.
        begin: Where its bytes begin in the archive.
        method: How it is packed: stored or deflated.
        packed: Its bytes in the archive; None where that is not stated.
        size: Its bytes; None where that is not stated.
    """

    name: str
    begin: int
    method: int
    packed: int | None
    size: int | None


class Archive:
    """The members of an archive.

    Attributes:
        path: Its file.
        members: By name in lower case.
        closed: Whether the archive has its directory: without it the file is cut off.
        cut: Whether a member was read whose end is damaged or missing.
    """

    def __init__(self, path: Path, file_name: str) -> None:
        """Read the directory of an archive, or look for its members where that is cut off.

        Raises:
            InputError: It is no zip archive.
        """
        self.path = path
        self.cut = False
        with path.open("rb") as stream:
            mark = stream.read(4)
        if not mark:
            raise InputError(f"{file_name}: the file is empty: copy it again")
        if mark[:2] != b"PK":
            raise InputError(
                f"{file_name}: not an ActiGraph .gt3x file (it is no zip archive): is its suffix right?"
            )
        self.closed = zipfile.is_zipfile(path)
        try:
            members = self._directory() if self.closed else list(self._local_members())
        except ARCHIVE_ERRORS as error:
            raise not_readable(file_name, "ActiGraph .gt3x file", error) from None
        self.members = {member.name: member for member in reversed(members)}

    def _directory(self) -> list[Member]:
        members = []
        with zipfile.ZipFile(self.path) as archive, self.path.open("rb") as stream:
            for info in archive.infolist()[:_MOST_MEMBERS]:
                stream.seek(info.header_offset)
                header = stream.read(_LOCAL.size)
                if len(header) == _LOCAL.size and not info.flag_bits & 1:
                    begin = info.header_offset + _LOCAL.size + sum(_LOCAL.unpack(header)[-2:])
                    name = info.filename.rsplit("/", 1)[-1].lower()
                    members.append(
                        Member(name, begin, info.compress_type, info.compress_size, info.file_size)
                    )
        return members

    def _local_members(self) -> Iterator[Member]:
        """The members by the headers that stand before each, up to where the file is cut off."""
        with self.path.open("rb") as stream:
            for _ in range(_MOST_MEMBERS):
                header = stream.read(_LOCAL.size)
                if len(header) < _LOCAL.size or not header.startswith(_LOCAL_MARK):
                    return
                _, _, flags, method, _, _, _, packed, size, name_size, extra = _LOCAL.unpack(header)
                name = stream.read(name_size).decode("utf-8", "replace").rsplit("/", 1)[-1].lower()
                stream.seek(extra, 1)
                if flags & 1:
                    return
                stated = not flags & _SIZES_FOLLOW
                yield Member(
                    name, stream.tell(), method, packed if stated else None, size if stated else None
                )
                if not stated:
                    return
                stream.seek(packed, 1)

    def parts(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a member, some at a time, up to where it is damaged.

        Raises:
            InputError: It unpacks to more than any recording does.
        """
        member = self.members[name]
        stored = member.method == zipfile.ZIP_STORED
        if not stored and member.method != zipfile.ZIP_DEFLATED:
            return
        inflate, unpacked, size = zlib.decompressobj(-zlib.MAX_WBITS), 0, self.path.stat().st_size
        left = member.size if member.size is not None else 2**62
        packed = member.packed if member.packed is not None else 2**62
        with self.path.open("rb") as stream:
            stream.seek(member.begin)
            waiting = b""
            while left > 0 and not inflate.eof:
                if not waiting:
                    waiting = stream.read(min(_AT_ONCE, packed))
                    packed -= len(waiting)
                    if not waiting:
                        self.cut = True
                        break
                if stored:
                    data, waiting = waiting[:left], b""
                else:
                    try:
                        data = inflate.decompress(waiting, min(left, 2 * _AT_ONCE))
                    except zlib.error:
                        self.cut = True
                        break
                    waiting = inflate.unconsumed_tail
                left -= len(data)
                unpacked += len(data)
                check_ratio(unpacked, size, str(self.path))
                if data:
                    yield data

    def text(self, name: str) -> str:
        """Return the beginning of a member as text; "" where there is none."""
        data = b""
        if name in self.members:
            for part in self.parts(name):
                data += part
                if len(data) >= 2**16:
                    break
        return data[: 2**16].decode("utf-8", "replace")

    def last_bytes(self, name: str, count: int) -> bytes:
        """Return the last bytes of a member that is stored; b"" where it would have to be unpacked."""
        member = self.members[name]
        if member.method != zipfile.ZIP_STORED or member.size is None:
            return b""
        with self.path.open("rb") as stream:
            stream.seek(member.begin + max(0, member.size - count))
            return stream.read(min(count, member.size))
