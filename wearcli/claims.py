"""One run at a time writes an output: it holds the lock `.NAME.lock` beside it, to the end of its process."""

import contextlib
import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from wearcli.errors import UsageError, room_for
from wearcli.leftovers import beside, in_words, is_temporary, may_live, moved_aside, run_name, tidy

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_held: dict[Path, tuple[int, int]] = {}  # of an output: the thread that claimed it, and how often
_guard = threading.Lock()


def real(path: Path) -> Path:
    """Return the path of an output behind all links: what is replaced is the file, and not the link to it."""
    return Path(os.path.realpath(path))


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Keep other runs from writing an output until the block ends.

    What killed runs left beside the output is removed first, and a folder that one had moved aside comes
    back. The thread that has a claim may claim the same output again.

    Args:
        path: The file or folder.

    Raises:
        UsageError: Another run writes it.
        InputError: There is no room for it on its disk.
    """
    # Of what lies in a temporary folder, the output that the folder is for is named.
    with contextlib.nullcontext() if is_temporary(path) else room_for(path), _claim(path):
        yield


@contextlib.contextmanager
def _claim(path: Path) -> Iterator[None]:
    """The claim alone."""
    target = real(path)
    lock = beside(target, "lock")
    with _guard:
        thread, depth = _held.get(target, (threading.get_ident(), 0))
        if thread != threading.get_ident():
            raise _occupied(path, run_name(), lock)
        if depth == 0:
            made = _make_folders(target.parent)
            descriptor = _locked(path, lock)
        _held[target] = (thread, depth + 1)
    try:
        if depth == 0:
            tidy(target)
        yield
    finally:
        with _guard:
            _held[target] = (thread, depth)
            if depth == 0:
                del _held[target]
                with contextlib.suppress(OSError):
                    lock.unlink()
                os.close(descriptor)
                for folder in made:  # nothing was written: the way to it goes too
                    with contextlib.suppress(OSError):
                        folder.rmdir()


def recover(path: Path) -> None:
    """Bring back a folder that a killed run had moved aside, before it is looked for.

    Raises:
        UsageError: Another run is about to put a new folder in its place.
    """
    if moved_aside(real(path)):
        with claimed(path):
            pass  # which brings it back


def _locked(path: Path, lock: Path) -> int:
    """The descriptor of the lock, which is held until it is closed; UsageError where another run has it."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            free = _flock(descriptor)
            holder = os.pread(descriptor, 200, 0).decode("ascii", "replace").strip()
            # Where the file system has no locks, the note in the file says who has it.
            if free is False or (free is None and holder and may_live(holder, lock)):
                raise _occupied(path, holder, lock)
            if _is_file(descriptor, lock):  # and not one that its holder removed a moment ago
                _sign(descriptor, lock)
                return descriptor
        except BaseException:  # Ctrl-C too: nothing is swallowed, the lock is let go first
            os.close(descriptor)
            raise
        os.close(descriptor)


def _sign(descriptor: int, lock: Path) -> None:
    """Write into a lock that is held whose it is; a lock that has no room for that is removed."""
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, run_name().encode() + b"\n", 0)
    except OSError:
        lock.unlink(missing_ok=True)
        raise


def _flock(descriptor: int) -> bool | None:
    """Whether a lock could be had; None where the system or the file system has no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        return False if error.errno == errno.EACCES else None
    return True


def _is_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _occupied(path: Path, holder: str, lock: Path) -> UsageError:
    return UsageError(
        f"{path}: another run writes it ({in_words(holder)}): wait for it, or give another place with -o; if "
        f"that run is gone, remove {lock}"
    )


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; return the new ones, the innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing
