"""Which files are one recording, and what it is called: by recordings.csv, else by file names."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path, PurePath
from typing import NamedTuple

from wearcli.modality import signal_in_name
from wearcli.recordings.formats.format import Format
from wearcli.recordings.study.participants import file_stem, less_signal
from wearcli.recordings.study.roots import absolute
from wearcli.recordings.study.sidecars import Entry, read_recordings_table
from wearcli.words import counted


class RecordingFile(NamedTuple):
    """A file, or a folder such as one of Empatica, that holds a recording.

    Attributes:
        path: As the user named it, or a folder above it.
        format: What it is read as.
        root: The folder of its study, absolute.
        below: Its path from `root`.
        entry: Its row of recordings.csv, where it has one.
    """

    path: Path
    format: Format
    root: Path
    below: PurePath
    entry: Entry | None = None


class Named(NamedTuple):
    """A recording and its files: several where they hold different signals."""

    name: str
    files: list[RecordingFile]


class Entries:
    """The rows of all recordings.csv files.

    Attributes:
        problems: What they name that is not there, one line a table.
    """

    def __init__(self, tables: Iterable[Path]) -> None:
        self.problems: list[str] = []
        self._by_file: dict[str, tuple[Path, Entry]] = {}
        self._by_folder: dict[str, tuple[Path, Entry]] = {}  # of the first file that is named in it
        self._by_name: dict[tuple[Path, str], tuple[Path, Entry]] = {}
        for table in tables:
            absent = []
            folder = absolute(table.parent)
            for entry in read_recordings_table(table):
                if entry.file is None:
                    self._by_name[folder, entry.recording] = (folder, entry)
                elif os.path.lexists(entry.file):
                    file = os.path.realpath(entry.file)
                    self._by_file[file] = (folder, entry)
                    self._by_folder.setdefault(str(Path(file).parent), (folder, entry))
                else:
                    absent.append(entry.file.name)
            if absent:
                self.problems.append(
                    f"{table} names {counted(len(absent), 'missing file')}, such as {absent[0]}"
                )

    def row(self, item: RecordingFile) -> tuple[Path, Entry] | None:
        """Return the row of a file and the folder of its table, by the file's path, else by its name.

        The row of a folder that is one recording may name a file in it, such as P1/ACC.csv.
        """
        path = os.path.realpath(item.path)
        if row := self._by_file.get(path):
            return row
        if item.format.folder is not None and (row := self._by_folder.get(path)):
            return row
        if self._by_name:
            for folder in absolute(item.path).parents:
                if row := self._by_name.get((folder, _stem(item))):
                    return row
        return None


def name_recordings(files: Sequence[RecordingFile], entries: Entries) -> list[Named]:
    """Return the files as recordings, which all have a name of their own.

    The name is that of recordings.csv, else the file's stem; where several have the same it is the path
    below the root, with the root's name and the suffix where that is needed to tell them apart.
    """
    labels = root_labels({item.root for item in files})
    groups: dict[object, list[RecordingFile]] = {}
    tables: dict[object, Path] = {}  # the folder of the recordings.csv that names a group
    for item in files:
        key: object = item.path
        if (row := entries.row(item)) is not None:
            key, item = ("table", row[0], row[1].recording), item._replace(entry=row[1])
            tables[key] = row[0]
        elif (base := _base(item)) is not None:
            key = ("name", item.path.parent, base)
        groups.setdefault(key, []).append(item)
    named: list[list[RecordingFile]] = []
    choices: list[list[str]] = []
    for key, items in groups.items():
        entry = items[0].entry
        if entry is not None:
            place = PurePath(os.path.relpath(tables[key], items[0].root))
            named.append(items)
            choices.append(_choices(items[0], place, entry.recording, entry.recording, labels))
        elif len(items) > 1 and len({named_signal(item.path) for item in items} - {None}) == len(items):
            base = _base(items[0]) or ""
            named.append(items)
            choices.append(_choices(items[0], items[0].below.parent, base, base, labels))
        else:
            for item in items:
                named.append([item])
                stem = _stem(item)
                choices.append(_choices(item, item.below.parent, stem, item.path.name, labels))
    names = [names[0] for names in choices]
    for level in range(1, len(choices[0]) if choices else 0):
        used = Counter(names)
        # What recordings.csv says is kept, for the labels say it too, unless another table says the same.
        by_table = Counter(name for name, items in zip(names, named, strict=True) if items[0].entry)
        names = [
            longer[level] if (by_table if items[0].entry else used)[name] > 1 else name
            for name, longer, items in zip(names, choices, named, strict=True)
        ]
    return [Named(name, items) for name, items in zip(names, named, strict=True)]


def _choices(
    item: RecordingFile, place: PurePath, name: str, full: str, labels: dict[Path, str]
) -> list[str]:
    """Names from short to long, the last one unique; place: of the name below the root."""
    root = labels[item.root]
    below, whole = (place / name).as_posix(), (place / full).as_posix()
    return [name, below, f"{root}/{below}", whole, f"{root}/{whole}", item.path.as_posix()]


def root_labels(roots: set[Path]) -> dict[Path, str]:
    """Return a name for every root: that of its folder, with those above it where two are called the same."""
    for depth in count(1):
        labels = {root: "/".join(root.parts[-depth:]) for root in roots}
        if len({*labels.values()}) == len(roots):
            return labels
    raise AssertionError  # the paths differ, so some depth tells them apart


def unique_people(people: Sequence[tuple[str, Path]]) -> tuple[list[str], list[str]]:
    """Return names of participants that stand for one person each, and a note on those made longer.

    One root is one study, so the same name in two roots is two people.

    Args:
        people: Name and root of the participant of every recording.
    """
    roots: dict[str, set[Path]] = defaultdict(set)
    for person, root in people:
        roots[person].add(root)
    shared = [person for person, studies in roots.items() if len(studies) > 1]
    if not shared:
        return [person for person, _ in people], []
    labels = root_labels({root for _, root in people})
    names = [f"{labels[root]}/{person}" if len(roots[person]) > 1 else person for person, root in people]
    first = sorted(labels[root] for root in roots[shared[0]])
    return names, [
        f"{len(shared)} participants of one name in several studies, such as '{shared[0]}' in "
        f"{' and '.join(first[:2])}, are taken as different people: where they are the same, name the one "
        "folder above both"
    ]


def _stem(item: RecordingFile) -> str:
    folder = item.path.is_dir() or not item.format.fits(item.path)  # or one within a zip
    return item.below.name if folder else file_stem(item.path.name)


def _base(item: RecordingFile) -> str | None:
    """The stem without .acc, .ppg or .ecg; None where it ends in none of these."""
    stem = _stem(item)
    base = less_signal(stem)
    return base if base != stem else None


def named_signal(path: Path) -> str | None:
    """Return the signal that the name of a file tells, if it tells one."""
    return signal_in_name(file_stem(path.name))
