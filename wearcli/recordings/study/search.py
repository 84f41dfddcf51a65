"""Search files and folders for recordings and for the tables beside them."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from wearcli.errors import UsageError
from wearcli.recordings.formats.format import Format
from wearcli.recordings.formats.registry import FORMATS, accepted_formats, file_format, folder_format
from wearcli.recordings.study.naming import RecordingFile
from wearcli.recordings.study.roots import absolute, folder_above, list_folder, study_roots, with_parents
from wearcli.recordings.study.sidecars import sidecar_name

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


def search(paths: Sequence[Path]) -> tuple[list[RecordingFile], dict[str, list[Path]]]:
    """Return all recordings of the paths, sorted, and the sidecars beside or above one, by name.

    Raises:
        UsageError: A path is not there, or is nothing to read.
    """
    given = [_look(path) for path in paths]
    roots = study_roots([item.anchor for item in given])
    recordings: dict[str, RecordingFile] = {}
    tables: dict[Path, tuple[Path, str]] = {}
    folders: dict[Path, None] = {}  # not searched, but for sidecars
    for item in given:
        root = roots[item.anchor]
        for path, kind, table in _walk(item.anchor) if item.recording is None else [(*item.recording, None)]:
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
    return files, sidecars


def _look(path: Path) -> _Given:
    """What a path is; UsageError where it is nothing to read."""
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder: check the name, or the working folder")
    if path.is_dir():
        kind = folder_format(path)
        return _Given((path, kind), folder_above(path)) if kind else _Given(None, path)
    if (kind := _export_around(path)) is not None:
        return _Given((path.parent, kind), folder_above(path.parent))
    kind = file_format(path)
    if kind is None:
        raise UsageError(f"{path}: not a recording: wearcli reads {accepted_formats()}")
    return _Given((path, kind), path.parent)


def _walk(root: Path) -> Iterator[tuple[Path, Format, str | None]]:
    """Recordings with their format, and sidecars with their name, below a folder."""
    seen: set[str] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        here = Path(folder)
        if os.path.realpath(here) in seen or not _OWN_FOLDERS.isdisjoint(names):
            folders.clear()
            continue
        seen.add(os.path.realpath(here))
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        export = folder_format(here) if here != root else None
        if export is not None:
            yield here, export, None
        files = [here / name for name in sorted(names) if not name.startswith(".")]
        if export is not None and export.folder is not None:
            own = export.folder.marks | export.folder.others
            files = [path for path in files if path.name.lower().removesuffix(".gz") not in own]
        yield from _recordings_among(files)


def _recordings_among(files: list[Path]) -> Iterator[tuple[Path, Format, str | None]]:
    """The recordings and sidecars among the files of one folder."""
    parts: set[Path] = set()
    for record in FORMATS.values():
        parts |= record.segments([path for path in files if record.fits(path)])
    for path in files:
        kind = file_format(path)
        if kind is None or path in parts:
            continue
        table = sidecar_name(path) if kind.sidecar else None
        yield path, kind, table


def _export_around(path: Path) -> Format | None:
    """The format of the folder that a file lies in, where the file is one that marks it as a recording."""
    marks = {name for record in FORMATS.values() if record.folder for name in record.folder.marks}
    return folder_format(path.parent) if path.name.lower() in marks else None


def _sidecars_in(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in list_folder(folder):
        if any(record.sidecar and record.fits(path) for record in FORMATS.values()) and path.is_file():
            if table := sidecar_name(path):
                yield path, table
