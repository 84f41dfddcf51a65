"""Find the recordings in files and folders, with their sidecars and participants."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from wearcli.errors import UsageError
from wearcli.modality import Modality
from wearcli.recordings.formats.format import Format
from wearcli.recordings.formats.registry import FORMATS, accepted_formats, file_format, folder_format
from wearcli.recordings.recording import Source
from wearcli.recordings.study.naming import (
    Entries,
    Found,
    Named,
    absolute,
    name_recordings,
    told_modality,
    unique_people,
)
from wearcli.recordings.study.participants import participant_rule, rule_in_words
from wearcli.recordings.study.sidecars import sidecar_name

# A folder with one of these was written by wearcli: a window store, a probe, a run.
_OWN_FOLDERS = {"store.json", "probe.json", "metrics.jsonl"}
_BIDS_LEVEL = re.compile(r"sub-[A-Za-z0-9]*[0-9][A-Za-z0-9]*|ses-[A-Za-z0-9]+")
# A folder with one of these is a study of its own, whatever is named beside it.
_STUDY_TABLES = {f"{name}{suffix}" for name in ("recordings", "participants") for suffix in (".csv", ".tsv")}


@dataclass
class Folder:
    """What `find_recordings` found.

    rule: how participants were told, in one sentence. sidecars: name (recordings, participants, labels,
    gait, other target tables) -> the files. problems: what was left out or is in doubt, one line each.
    """

    sources: list[Source]
    rule: str
    sidecars: dict[str, list[Path]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def find_recordings(
    paths: Sequence[Path], *, participant_from: str | None = None, modality: Modality = "acc"
) -> Folder:
    """Search files and folders for recordings, sorted by path; nothing of a signal is read yet.

    Several paths are a choice from the folder above them all: `study/P01 study/P02` is `study` without the
    rest. Only a folder with a recordings.csv or participants.csv of its own stays a study of its own.

    participant_from: None (recordings.csv, else the usual rule), or folder, file, recording, regex:PATTERN.
    modality picks where recordings.csv, or names such as x.acc.csv and x.ppg.csv, give one recording
    several files. Raises UsageError for a path that is not there and where nothing can be read, InputError
    for a recordings.csv that cannot.
    """
    files, sidecars = _search(paths)
    if not files:
        raise UsageError(
            f"{', '.join(map(str, paths))}: no recordings found: wearcli reads {accepted_formats()}"
        )
    entries = Entries(sidecars.get("recordings", []))
    problems = list(entries.problems)
    rule = participant_rule(participant_from, {item.below for item in files if item.path.is_dir()})
    used: Counter[str] = Counter()
    chosen, people = [], []
    for recording, item in _one_each(name_recordings(files, entries), modality, problems):
        if participant_from is None and item.entry and item.entry.participant:
            participant, how = item.entry.participant, "recordings.csv"
        else:
            participant, how = rule(item.below, recording.name, item.root)
        used[how] += 1
        chosen.append((recording, item))
        people.append((participant, item.root))
    if not chosen:
        raise UsageError(f"{', '.join(map(str, paths))}: {problems[-1]}")
    participants, notes = unique_people(people)
    sources = []
    for (recording, item), participant in zip(chosen, participants, strict=True):
        entry = item.entry
        told = (entry.placement or None, entry.rate_hz, entry.start) if entry else (None, None, None)
        sources.append(Source(recording.name, item.path, item.format.name, participant, *told, item.root))
    return Folder(sources, rule_in_words(used, len({*participants})), sidecars, problems + notes)


def find_sidecars(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """The sidecars of these paths as they are now, by name; a path that is not there any more has none."""
    return _search([path for path in paths if path.exists()])[1]


class _Given(NamedTuple):
    """A path of the user's: the recording that it is (None: a folder to search) and the folder it lies in."""

    recording: tuple[Path, Format] | None
    anchor: Path


def _search(paths: Sequence[Path]) -> tuple[list[Found], dict[str, list[Path]]]:
    """All recordings of the paths, sorted, and the sidecars that lie beside or above one, by name."""
    given = [_look(path) for path in paths]
    roots = _roots([item.anchor for item in given])
    found: dict[str, Found] = {}
    tables: dict[Path, tuple[Path, str]] = {}
    folders: dict[Path, None] = {}  # not searched, but for sidecars
    for item in given:
        root = roots[item.anchor]
        for path, kind, table in _walk(item.anchor) if item.recording is None else [(*item.recording, None)]:
            if table is not None:
                tables.setdefault(absolute(path), (path, table))
            else:
                below = absolute(path).relative_to(root)
                found.setdefault(os.path.realpath(path), Found(path, kind, root, below))
        for folder in _with_parents(item.anchor)[item.recording is None :]:
            if folder.is_relative_to(root):
                shown = folder if item.anchor.is_absolute() else Path(os.path.relpath(folder))
                folders.setdefault(shown)
    for folder in folders:
        for path, table in _sidecars_in(folder):
            tables.setdefault(absolute(path), (path, table))
    files = sorted(found.values(), key=lambda item: item.path.parts)
    near = {folder for item in files for folder in _with_parents(item.path)}
    sidecars: dict[str, list[Path]] = {}
    for path, table in sorted(tables.values()):
        if table and absolute(path).parent in near:
            sidecars.setdefault(table, []).append(path)
    return files, sidecars


def _look(path: Path) -> _Given:
    """What a path that the user gave is. Raises UsageError where it is nothing to read."""
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder: check the name, or the working folder")
    if path.is_dir():
        kind = folder_format(path)
        return _Given((path, kind), _above(path)) if kind else _Given(None, path)
    if (kind := _export_around(path)) is not None:
        return _Given((path.parent, kind), _above(path.parent))
    kind = file_format(path)
    if kind is None:
        raise UsageError(f"{path}: not a recording: wearcli reads {accepted_formats()}")
    return _Given((path, kind), path.parent)


def _roots(anchors: Sequence[Path]) -> dict[Path, Path]:
    """The root of each anchor, absolute: its own folder where that is a study, else the one above all."""
    places = {anchor: _study_of(absolute(anchor)) for anchor in anchors}
    given = {*places.values()}
    outermost = {
        here: min(given.intersection(_with_parents(here)), key=lambda a: len(a.parts)) for here in given
    }
    single = {here for here in outermost.values() if not _is_study(here)}
    common = {here: Path(os.path.commonpath(single)) for here in single}
    return {anchor: common.get(outermost[here], outermost[here]) for anchor, here in places.items()}


def _study_of(folder: Path) -> Path:
    """The folder itself, but of a BIDS participant's or session's folder the dataset's."""
    while _BIDS_LEVEL.fullmatch(folder.name):
        folder = folder.parent
    return folder


def _is_study(folder: Path) -> bool:
    return any(path.name.lower().removesuffix(".gz") in _STUDY_TABLES for path in _listed(folder))


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # a folder above the user's own may be closed to them
        return []


def _with_parents(path: Path) -> list[Path]:
    return [absolute(path), *absolute(path).parents]


def _above(folder: Path) -> Path:
    return folder.parent if folder.name not in ("", "..") else absolute(folder).parent


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
    for path in _listed(folder):
        if any(record.sidecar and record.fits(path) for record in FORMATS.values()) and path.is_file():
            if table := sidecar_name(path):
                yield path, table


def _one_each(
    recordings: Sequence[Named], modality: Modality, problems: list[str]
) -> Iterator[tuple[Named, Found]]:
    """One file a recording: where there are several, the one that holds the modality."""
    without = []
    for recording in recordings:
        files = recording.files
        fitting = files if len(files) == 1 else [item for item in files if _holds(item, modality)]
        if len(fitting) == 1:
            yield recording, fitting[0]
        elif fitting:
            listed = ", ".join(str(item.below) for item in fitting)
            problems.append(
                f"recording '{recording.name}' has several files of {modality} ({listed}): left out"
            )
        else:
            without.append(recording.name)
    if without:
        problems.append(f"{len(without)} recordings without {modality}, such as '{without[0]}': left out")


def _holds(item: Found, modality: Modality) -> bool:
    told = told_modality(item.path)
    return item.format.holds(item.path, modality) if told is None else told == modality
