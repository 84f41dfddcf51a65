"""Files that appear whole or not at all, and their content hashes."""

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from wearcli.errors import UsageError


def check_output(path: Path, overwrite: bool, mark: str | None = None) -> None:
    """Check, before any work starts, that an output may be written.

    Args:
        path: The file or folder to write.
        overwrite: Whether an output that exists may be replaced.
        mark: A file that every folder of this kind holds. A folder without it is somebody's own and is never
            replaced; an empty folder is nobody's.

    Raises:
        UsageError: The output may not be written.
    """
    if not path.exists():
        place = next(parent for parent in path.absolute().parents if parent.exists())
        if not place.is_dir() or not os.access(place, os.W_OK):
            raise UsageError(f"{path}: cannot be written in {place}: give another place with -o")
        return
    if mark is None and path.is_dir():
        raise UsageError(f"{path} is a folder: give the name of a file with -o")
    if not overwrite and not (mark and path.is_dir() and not any(path.iterdir())):
        raise UsageError(f"{path} is there already: give another name with -o, or --overwrite")
    if mark and (not path.is_dir() or (any(path.iterdir()) and not (path / mark).is_file())):
        raise UsageError(
            f"{path} holds something else (no {mark} in it), so it is not replaced: use another -o"
        )


def is_special(path: Path) -> bool:
    """Return whether a path is a pipe, a device or a socket, or a link to one: reading it may never end."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


HELD_BYTES = 64 * 2**20


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, renamed onto it when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _sync(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
        _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path`, which takes its place when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    try:
        yield temporary
        for file in temporary.rglob("*"):
            _sync(file)
        _sync(temporary)
        temporary.chmod(0o777 & ~_umask())
        if path.exists():
            # A folder cannot be replaced in one step: the old one moves aside first.
            old = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".old", dir=path.parent))
            path.replace(old / path.name)
            try:
                temporary.replace(path)
            finally:
                if not path.exists():  # the new one did not come: the old one goes back
                    (old / path.name).replace(path)
            shutil.rmtree(old, ignore_errors=True)
        else:
            temporary.replace(path)
        _sync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def content_sha256(path: Path) -> str:
    """Return the SHA-256 (hex) of a file, or of a folder's files with their names."""
    if path.is_dir():
        total = hashlib.sha256()
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            total.update(f"{file.relative_to(path).as_posix()}\0{content_sha256(file)}\n".encode())
        return total.hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def held(folder: Path | None) -> IO[bytes]:
    """Return a file without a name, for bytes that wait until it is sure that all of them come.

    Small contents stay in memory.

    Args:
        folder: Where larger contents lie: the folder of the output; None for the system's temporary folder,
            which may be memory.
    """
    return tempfile.SpooledTemporaryFile(HELD_BYTES, dir=None if folder is None else str(folder))


def content_bytes(path: Path) -> int:
    """Return the bytes of a file, or of a folder's files."""
    files = path.rglob("*") if path.is_dir() else [path]  # of a dangling link: none
    return sum(file.stat().st_size for file in files if file.is_file())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
