"""Files that appear whole or not at all, and their content hashes."""

import contextlib
import ctypes
import errno
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from wearcli.claims import claimed, real, recover
from wearcli.errors import UsageError
from wearcli.leftovers import temporary_beside

HELD_BYTES = 64 * 2**20


@contextlib.contextmanager
def reserved(path: Path | None, overwrite: bool, mark: str | None = None) -> Iterator[None]:
    """Check that an output may be written, and keep other runs from writing it until the block ends.

    Args:
        path: The file or folder to write; None for a run that writes none.
        overwrite: Whether an output that exists may be replaced.
        mark: See `check_output`.

    Raises:
        UsageError: The output may not be written, or another run writes it.
    """
    if path is None:
        yield
        return
    check_output(path, overwrite, mark)
    with claimed(path):
        check_output(path, overwrite, mark)  # another run may have ended in between
        yield


def check_output(path: Path, overwrite: bool, mark: str | None = None) -> None:
    """Check, before any work starts, that an output may be written.

    Args:
        path: The file or folder to write.
        overwrite: Whether an output that exists may be replaced.
        mark: A file that every folder of this kind holds. A folder without it is somebody's own and is never
            replaced; an empty folder is nobody's. None for an output that is a file.

    Raises:
        UsageError: The output may not be written.
    """
    try:
        recover(path)
        target = real(path)
        if not target.exists():
            _check_place(path, target)
            return
        if target.is_dir() and mark is None:
            raise UsageError(f"{path} is a folder: give the name of a file with -o")
        if is_special(target):
            raise UsageError(f"{path} is no regular file, but a pipe or a device: use another -o")
        if target.is_file() and mark is not None:
            raise UsageError(f"{path} is a file, and a folder is to be written: give another name with -o")
        if os.path.ismount(target) and mark is not None:
            raise UsageError(f"{path} is a disk of its own, which cannot be replaced: name a folder in it")
        if not os.access(target.parent, os.W_OK | os.X_OK):
            raise UsageError(f"{path}: cannot be written in {target.parent}: give another place with -o")
        empty = target.is_dir() and not any(target.iterdir())
    except (OSError, ValueError) as error:  # a name that is too long, a folder that may not be entered
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path}: cannot be written ({reason}): give another place with -o") from None
    if not overwrite and not empty:
        raise UsageError(f"{path} is there already: give another name with -o, or --overwrite")
    if mark and not empty and not (target / mark).is_file():
        raise UsageError(
            f"{path} holds something else (no {mark} in it), so it is not replaced: use another -o"
        )


def _check_place(path: Path, target: Path) -> None:
    """Check the folder of an output that is not there yet."""
    if target.is_symlink():
        raise UsageError(f"{path} is a link that leads to itself: give another name with -o")
    place = next(parent for parent in target.parents if parent.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise UsageError(f"{path}: cannot be written in {place}: give another place with -o")


def is_special(path: Path) -> bool:
    """Return whether a path is a pipe, a device or a socket, or a link to one: reading it may never end."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, renamed onto it when the block ends without an error."""
    with claimed(path):
        target = real(path)
        temporary = temporary_beside(target)
        try:
            temporary.touch(exist_ok=False)
            yield temporary
            _sync(temporary)
            temporary.replace(target)
            _sync(target.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path`, which takes its place when the block ends without an error."""
    with claimed(path), folder_beside(path) as temporary:
        yield temporary
        target = real(path)
        for file in temporary.rglob("*"):
            _sync(file)
        _sync(temporary)
        if not target.exists():
            temporary.rename(target)
        elif not exchange(temporary, target):
            _swap(temporary, target)
        _sync(target.parent)


@contextlib.contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Give a folder for what a run needs until its output `path` is written; it lies beside the output.

    A run that is killed leaves it, and the next one that writes the same output removes it.
    """
    with claimed(path):
        temporary = temporary_beside(real(path))
        try:
            temporary.mkdir()
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def exchange(one: Path, other: Path) -> bool:
    """Exchange two paths in one step; False where the system or the file system cannot."""
    library = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin":
        failed = library.renamex_np(*names, 2)  # RENAME_SWAP, sys/stdio.h
    elif hasattr(library, "renameat2"):  # Linux
        here = -100  # AT_FDCWD: paths as they stand
        failed = library.renameat2(here, names[0], here, names[1], 2)  # RENAME_EXCHANGE
    else:
        return False
    if failed and ctypes.get_errno() not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))
    return not failed


def _swap(temporary: Path, target: Path) -> None:
    """Put a folder in the place of another in two steps; a run that is killed between them is mended later.

    See `leftovers.tidy`.
    """
    old = temporary.with_suffix(".old")
    target.rename(old)
    try:
        temporary.rename(target)
    finally:
        if not target.exists():  # the new one did not come: the earlier one goes back
            old.rename(target)
    shutil.rmtree(old, ignore_errors=True)


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


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that syncs no folders
            raise
    finally:
        os.close(descriptor)
