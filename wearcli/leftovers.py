"""The names of what a run writes before it is complete, and how the next run sweeps what a killed one left.

Beside an output NAME, a run writes into `.NAME.RUN.NUMBER.tmp`; where a folder cannot be exchanged in one
step, the earlier one waits as `.NAME.RUN.NUMBER.old`. RUN names the machine and the process, so that machines
that share a disk do not sweep each other's files.
"""

import contextlib
import functools
import hashlib
import os
import re
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from wearcli.errors import room_for

_DAY_S = 86_400.0  # after which another machine's file that does not change any more is taken as left behind
_STEM_BYTES = 150  # of the output's name in a name beside it: a name has 255 bytes at most
_ENDING = re.compile(r"([A-Za-z0-9-]+)\.[0-9a-f]{8}\.(tmp|old)$")
_RUN = re.compile(r"([A-Za-z0-9-]+)-(\d{1,9})-(\d+)")  # machine, process, its start
_SCRATCH = "wearcli-"  # begins the name of a folder in the system's temporary folder


def beside(target: Path, ending: str) -> Path:
    """Return a path beside an output that belongs to it: the same for the same name, and for no other."""
    name = target.name
    if len(os.fsencode(name)) > _STEM_BYTES:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return target.with_name(f".{name}.{ending}")


def temporary_beside(target: Path) -> Path:
    """Return a new name beside an output, for what is not complete yet."""
    return beside(target, f"{run_name()}.{secrets.token_hex(4)}.tmp")


def is_temporary(path: Path) -> bool:
    """Whether a path is, or lies in, what a run writes until it is complete."""
    return any(part.startswith(".") and _ENDING.search(part) for part in path.parts)


def moved_aside(target: Path) -> bool:
    """Whether a run moved the folder of this name aside, and has not put a new one in its place."""
    return not os.path.lexists(target) and any(kind == "old" for _, _, kind in _left_beside(target))


def tidy(target: Path) -> None:
    """Bring back a folder that a killed run moved aside, and remove what else killed runs left beside it."""
    for entry, run, kind in list(_left_beside(target)):
        if may_live(run, entry):
            continue
        if kind == "old" and not os.path.lexists(target):
            entry.rename(target)
        elif entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                entry.unlink()


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder in the system's temporary folder; those of killed runs are removed first.

    Raises:
        InputError: There is no room for what is written into it.
    """
    place = Path(tempfile.gettempdir())
    _sweep(place)
    with (
        room_for(place, "make room there, or name another folder in the variable TMPDIR"),
        tempfile.TemporaryDirectory(prefix=f"{_SCRATCH}{run_name()}.") as folder,
    ):
        yield Path(folder)


@functools.cache
def _sweep(place: Path) -> None:
    """Remove the folders that killed runs left in the system's temporary folder, once a process."""
    for entry in _entries(place, _SCRATCH):
        run = entry.name.removeprefix(_SCRATCH).partition(".")[0]
        if _RUN.fullmatch(run) and not may_live(run, entry):
            shutil.rmtree(entry, ignore_errors=True)


def run_name() -> str:
    """Return the machine, the process and when it began, in letters, digits and hyphens."""
    machine = re.sub(r"[^A-Za-z0-9]+", "-", socket.gethostname())[:40] or "machine"
    return f"{machine}-{os.getpid()}-{_start(os.getpid())}"


def in_words(run: str) -> str:
    """Return which process on which machine a run's name means."""
    machine, process, _ = _parts(run)
    return f"process {process} on {machine}" if machine else "another process"


def may_live(run: str, entry: Path) -> bool:
    """Return whether a run may be at work: by its process on this machine, by its file's age on another.

    Args:
        run: The run's name.
        entry: A file or folder of it.
    """
    machine, process, start = _parts(run)
    if machine == _parts(run_name())[0] and os.name == "posix":
        return _is_alive(int(process), start)
    return time.time() - _last_change(entry) < _DAY_S


def _parts(run: str) -> tuple[str, str, str]:
    """Machine, process and start of a run's name; the machine is empty where it is no such name."""
    match = _RUN.fullmatch(run)
    return (match[1], match[2], match[3]) if match else ("", "", "")


def _is_alive(process: int, start: str) -> bool:
    """Whether a process of this machine runs that began at this time: numbers are used again."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return _start(process) == start


def _start(process: int) -> str:
    """When a process began, in ticks since the system did; 0 where that is not told, or it has ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return "0"
    return "0" if fields[0] in "ZX" else fields[19]


def _left_beside(target: Path) -> Iterator[tuple[Path, str, str]]:
    """What runs put beside an output: the path, the run and its kind, tmp or old."""
    stem = beside(target, "").name
    for entry in _entries(target.parent, stem):
        if match := _ENDING.fullmatch(entry.name[len(stem) :]):
            yield entry, match[1], match[2]


def _entries(folder: Path, begin: str) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if entry.name.startswith(begin)]
    except OSError:  # no such folder, or one that may not be listed
        return []


def _last_change(entry: Path) -> float:
    """The time of the latest change of a file, or of a folder's files."""
    times = [0.0]
    for path in (entry, *(entry.rglob("*") if entry.is_dir() else ())):
        with contextlib.suppress(OSError):
            times.append(path.lstat().st_mtime)
    return max(times)
