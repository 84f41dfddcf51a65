"""Search files and folders for recordings and for the tables beside them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from wearcli.errors import InputError, UsageError, blamed_on
from wearcli.existence import check_recordings
from wearcli.files import is_special
from wearcli.recordings.formats.format import Format
from wearcli.recordings.formats.registry import (
    FORMATS,
    accepted_formats,
    file_format,
    folder_format,
    segment_files,
)
from wearcli.recordings.study.naming import RecordingFile
from wearcli.recordings.study.roots import absolute, folder_above, list_folder, study_roots, with_parents
from wearcli.recordings.study.sidecars import sidecar_name
from wearcli.recordings.study.unread import unread_files, unread_in_words

# A folder with one of these was written by wearcli: a window store, a probe, a run.
_OWN_FOLDERS = {"store.json", "probe.json", "metrics.jsonl"}


class _Given(NamedTuple):
    """A path that a user gave.

    Attributes:
        recording: The recording that it is, with its format; None for a folder to search.
        anchor: The folder that it lies in, or that is searched.
    """

    recording: tuple[Path, Format] | None
    anchor: Path


class Contents(NamedTuple):
    """What lies in the paths that a user gave.

    Attributes:
        recordings: All recordings, sorted by path.
        sidecars: The tables beside or above one, by name.
        problems: What was left out, one line each.
        unread: Files that may be recordings and are not read.
        closed: Folders that cannot be entered, with the reason.
    """

    recordings: list[RecordingFile]
    sidecars: dict[str, list[Path]]
    problems: list[str]
    unread: list[Path]
    closed: dict[Path, str]


class _Left(NamedTuple):
    """What a search leaves: pipes and devices, files that are not read, folders that cannot be entered."""

    special: list[Path]
    unread: list[Path]
    closed: dict[Path, str]


def search(paths: Sequence[Path]) -> Contents:
    """Return the recordings of the paths, and the sidecars of these.

    Raises:
        UsageError: A path is not there, or is nothing to read.
    """
    given = [_look(path) for path in paths]
    roots = study_roots([item.anchor for item in given])
    recordings: dict[str, RecordingFile] = {}
    tables: dict[Path, tuple[Path, str]] = {}
    folders: dict[Path, None] = {}  # not searched, but for sidecars
    left = _Left([], [], {})
    for item in given:
        root = roots[item.anchor]
        contents = _several(*item.recording) if item.recording else _walk(item.anchor, left)
        for path, kind, table in contents:
            if table is not None:
                tables.setdefault(absolute(path), (path, table))
            else:
                below = absolute(path).relative_to(root)
                recordings.setdefault(os.path.realpath(path), RecordingFile(path, kind, root, below))
        for folder in with_parents(item.anchor)[item.recording is None :]:
            if folder.is_relative_to(root):
                shown = folder if item.anchor.is_absolute() else Path(os.path.relpath(folder))
                folders.setdefault(shown)
    for folder in folders:
        for path, table in _sidecars_in(folder):
            tables.setdefault(absolute(path), (path, table))
    files = sorted(recordings.values(), key=lambda item: item.path.parts)
    near = {folder for item in files for folder in with_parents(item.path)}
    sidecars: dict[str, list[Path]] = {}
    for path, table in sorted(tables.values()):
        if table and absolute(path).parent in near:
            sidecars.setdefault(table, []).append(path)
    problems = []
    if special := left.special:
        problems.append(
            f"{len(special)} pipes, devices or sockets, such as {special[0]}, are no recordings: left out"
        )
    unread = sorted({absolute(path): path for path in left.unread}.values())
    if line := unread_in_words(unread):
        problems.append(line)
    return Contents(files, sidecars, problems, unread, left.closed)


def _look(path: Path) -> _Given:
    """What a path is; UsageError where it is nothing to read."""
    check_recordings([path])
    if path.is_dir():
        kind = folder_format(path)
        return _Given((path, kind), folder_above(path)) if kind else _Given(None, path)
    if (kind := _export_around(path)) is not None:
        return _Given((path.parent, kind), folder_above(path.parent))
    if is_special(path):
        raise UsageError(f"{path}: a pipe, a device or a socket is no recording: give a file or a folder")
    kind = file_format(path)
    if kind is None:
        raise UsageError(f"{path}: not a recording: wearcli reads {accepted_formats()}")
    return _Given((path, kind), path.parent)


def _walk(root: Path, left: _Left) -> Iterator[tuple[Path, Format, str | None]]:
    """Recordings with their format, and sidecars with their name, below a folder; others go to `left`."""
    for here, files in _folders(root, left.closed):
        left.special.extend(path for path in files if is_special(path))
        files = [path for path in files if not is_special(path)]
        export = folder_format(here) if here != root else None
        if export is not None:
            yield here, export, None
        if export is not None and export.folder is not None:
            files = [path for path in files if not export.folder.owns(path)]
        items = list(_recordings_among(files))
        yield from items
        used = {path for path, _, _ in items} | segment_files(files)
        rest = [path for path in files if path not in used and not _is_table(path)]
        left.unread.extend(unread_files(rest, used))


def _is_table(path: Path) -> bool:
    """Whether a file is a table beside recordings, or one of such a suffix that is damaged."""
    return any(record.sidecar and record.fits(path) for record in FORMATS.values())


def _folders(root: Path, closed: dict[Path, str]) -> Iterator[tuple[Path, list[Path]]]:
    """Folders with their files, however deep; a folder that links lead to again comes once.

    Args:
        root: The folder to begin with.
        closed: Gets the folders that cannot be entered, with the reason.
    """
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        here = waiting.pop()
        try:
            facts = here.stat()
            with os.scandir(here) as entries:
                items = sorted((entry.name, _is_folder(entry)) for entry in entries)
        except OSError as error:
            closed[here] = f"{here}: the folder cannot be entered ({error.strerror}): see its permissions"
            continue
        files = [name for name, is_folder in items if not is_folder]
        if (facts.st_dev, facts.st_ino) in seen or not _OWN_FOLDERS.isdisjoint(files):
            continue
        seen.add((facts.st_dev, facts.st_ino))
        yield here, [here / name for name in files if not name.startswith(".")]
        folders = [name for name, is_folder in items if is_folder and not name.startswith((".", "__MACOSX"))]
        waiting += [here / name for name in reversed(folders)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _recordings_among(files: list[Path]) -> Iterator[tuple[Path, Format, str | None]]:
    """The recordings and sidecars among the files of one folder."""
    parts = segment_files(files)
    kinds = {path: kind for path in files if (kind := file_format(path)) is not None}
    for path, kind in kinds.items():
        with suppress(InputError), blamed_on(path):  # opening a damaged one will name it
            parts |= {*kind.files_behind(path)} - {path}  # such as the .mat of a WFDB header
    for path, kind in kinds.items():
        if path in parts:
            continue
        table = sidecar_name(path) if kind.sidecar else None
        if table is not None:
            yield path, kind, table
        else:
            yield from _several(path, kind)


def _several(path: Path, kind: Format) -> Iterator[tuple[Path, Format, None]]:
    """The recordings in one file."""
    for recording in kind.recordings(path):
        yield recording, kind, None


def _export_around(path: Path) -> Format | None:
    """The format of the folder that a file lies in, where the file is one that marks it as a recording."""
    marks = {name for record in FORMATS.values() if record.folder for name in record.folder.marks}
    return folder_format(path.parent) if path.name.lower() in marks else None


def _sidecars_in(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in list_folder(folder):
        if any(record.sidecar and record.fits(path) for record in FORMATS.values()) and path.is_file():
            if table := sidecar_name(path):
                yield path, table
