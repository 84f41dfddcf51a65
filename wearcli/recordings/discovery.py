"""Find the recordings in files and folders, with their sidecars and participants."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import NamedTuple

from wearcli.errors import InputError, UsageError
from wearcli.recordings.e4 import FILES as E4_FILES
from wearcli.recordings.e4 import OTHER_FILES, is_e4
from wearcli.recordings.participants import participant_rule, rule_in_words, stem_of
from wearcli.recordings.recording import Modality, Source
from wearcli.recordings.sidecars import Entry, read_recordings_table, sidecar_name

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".npz": "npz",
    ".cwa": "cwa",
    ".bin": "bin",
    ".gt3x": "gt3x",
}
ACCEPTED = (
    "csv, tsv, parquet, npz, Axivity cwa, GENEActiv bin, ActiGraph gt3x and Empatica E4 folders or zips "
    "(csv, tsv and device files also as .gz)"
)
_GZIPPED = {"csv", "tsv", "cwa", "bin", "gt3x"}
_E4_NAMES = {name.lower() for name in E4_FILES.values()}
# A folder with one of these was written by wearcli: a window store, a probe, a run.
_OWN_FOLDERS = {"store.json", "probe.json", "metrics.jsonl"}
_MODALITY_WORDS: dict[str, Modality] = {
    **dict.fromkeys(("acc", "accel", "accelerometer"), "acc"),
    **dict.fromkeys(("ppg", "bvp"), "ppg"),
    **dict.fromkeys(("ecg", "ekg"), "ecg"),
}


@dataclass
class Folder:
    """What `find_recordings` found.

    rule: how participants were told, in one sentence. sidecars: name (recordings, participants, labels,
    gait, other target tables) -> the files. problems: what was left out, one line each.
    """

    sources: list[Source]
    rule: str
    sidecars: dict[str, list[Path]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


class _Found(NamedTuple):
    path: Path
    format: str
    root: Path

    @property
    def below(self) -> PurePath:
        return self.path.relative_to(self.root)


def find_recordings(
    paths: Sequence[Path], *, participant_from: str | None = None, modality: Modality = "acc"
) -> Folder:
    """Search files and folders for recordings, sorted by path; nothing of a signal is read yet.

    participant_from: None (recordings.csv, else the usual rule), or folder, file, recording, regex:PATTERN.
    modality picks where recordings.csv, or names such as x.acc.csv and x.ppg.csv, give one recording
    several files. Raises UsageError for a path that is not there and where nothing can be read, InputError
    for a recordings.csv that cannot.
    """
    found: dict[Path, _Found] = {}
    tables: dict[Path, str] = {}
    for path in paths:
        for item in _search(path):
            if isinstance(item, _Found):
                found.setdefault(item.path.resolve(), item)
            else:
                tables.setdefault(*item)
    if not found:
        raise UsageError(f"{', '.join(map(str, paths))}: no recordings found: wearcli reads {ACCEPTED}")
    files = sorted(found.values(), key=lambda item: item.path.parts)
    sidecars = _useful(tables, files)
    problems: list[str] = []
    entries = _entries(sidecars.get("recordings", []), problems)
    named = [(item, _entry_of(item, entries)) for item in files]
    rule = participant_rule(participant_from, {item.below for item in files if item.path.is_dir()})
    used: Counter[str] = Counter()
    sources = []
    for recording, item, entry in _one_each(_names(named), modality, problems):
        if entry and entry.participant and participant_from is None:
            participant, how = entry.participant, "recordings.csv"
        else:
            participant, how = rule(item.below, recording)
        used[how] += 1
        told = (entry.placement or None, entry.rate_hz, entry.start) if entry else (None, None, None)
        sources.append(Source(recording, item.path, item.format, participant, *told))
    if not sources:
        raise UsageError(f"{', '.join(map(str, paths))}: {problems[0]}: see --modality")
    return Folder(sources, rule_in_words(used, len({s.participant for s in sources})), sidecars, problems)


def _search(path: Path) -> Iterator[_Found | tuple[Path, str]]:
    """Recordings, and sidecars as (path, name), of one path that the user gave."""
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder: check the name, or the working folder")
    if path.is_dir():
        if is_e4(path):
            yield _Found(path, "e4", path.parent)
            yield from _sidecars_in(path.parent)
        else:
            yield from _walk(path)
        return
    if path.name.lower() in _E4_NAMES and is_e4(path.parent):
        yield _Found(path.parent, "e4", path.parent.parent)
        yield from _sidecars_in(path.parent.parent)
        return
    kind = _format_of(path)
    if kind is None or _is_own_output(path, kind):
        raise UsageError(f"{path}: not a recording: wearcli reads {ACCEPTED}")
    yield _Found(path, kind, path.parent)
    yield from _sidecars_in(path.parent)


def _walk(root: Path) -> Iterator[_Found | tuple[Path, str]]:
    seen: set[Path] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        here = Path(folder)
        if here.resolve() in seen or not _OWN_FOLDERS.isdisjoint(names):
            folders.clear()
            continue
        seen.add(here.resolve())
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        lower = {name.lower().removesuffix(".gz") for name in names}
        export = not lower.isdisjoint(_E4_NAMES) and is_e4(here)
        if export:
            yield _Found(here, "e4", root if here != root else root.parent)
        for name in sorted(names):
            plain = name.lower().removesuffix(".gz")
            if name.startswith(".") or (export and plain in _E4_NAMES | OTHER_FILES):
                continue
            path = here / name
            kind = _format_of(path)
            if kind in ("csv", "tsv") and (table := sidecar_name(path)) is not None:
                yield path, table
            elif kind is not None and not _is_own_output(path, kind):
                yield _Found(path, kind, root)


def _sidecars_in(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.iterdir()):
        if _format_of(path) in ("csv", "tsv") and path.is_file() and (table := sidecar_name(path)):
            yield path, table


def _format_of(path: Path) -> str | None:
    name = path.name.lower()
    packed = name.endswith(".gz")
    kind = FORMATS.get(PurePath(name.removesuffix(".gz")).suffix)
    if kind is not None and (not packed or kind in _GZIPPED):
        return kind
    return "e4" if name.endswith(".zip") and is_e4(path) else None


def _is_own_output(path: Path, kind: str) -> bool:
    """Whether a Parquet file is an embeddings table: its footer then holds our metadata."""
    if kind != "parquet":
        return False
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - 8))
            tail = stream.read()
            if len(tail) < 8 or tail[4:] != b"PAR1":
                return False
            stream.seek(max(0, size - 8 - int.from_bytes(tail[:4], "little")))
            return b"\x07wearcli" in stream.read()  # a Thrift string: its length, then the key
    except OSError:
        return False  # opening it as a recording will name it


def _useful(tables: dict[Path, str], files: list[_Found]) -> dict[str, list[Path]]:
    """Sidecars by name that lie beside a recording or in a folder above one."""
    above = {folder for item in files for folder in (item.path, *item.path.parents)}
    sidecars: dict[str, list[Path]] = {}
    for path, name in sorted(tables.items()):
        if name and path.parent in above:
            sidecars.setdefault(name, []).append(path)
    return sidecars


def _entries(tables: list[Path], problems: list[str]) -> dict[Path | str, Entry]:
    """Rows of the recordings.csv files by the file that they name, or by recording."""
    entries: dict[Path | str, Entry] = {}
    for table in tables:
        absent = []
        for entry in read_recordings_table(table):
            if entry.file is None:
                entries[entry.recording] = entry
            elif entry.file.exists():
                entries[entry.file.resolve()] = entry
            else:
                absent.append(entry.file.name)
        if absent:
            problems.append(f"{table} names {len(absent)} files that are not there, such as {absent[0]}")
    return entries


def _entry_of(item: _Found, entries: dict[Path | str, Entry]) -> Entry | None:
    return entries.get(item.path.resolve()) or entries.get(_stem(item))


def _stem(item: _Found) -> str:
    return item.path.name if item.path.is_dir() else stem_of(item.path.name)


def _names(named: list[tuple[_Found, Entry | None]]) -> list[tuple[str, _Found, Entry | None]]:
    """Each file with its recording's name: recordings.csv's, else the stem, made longer where two collide."""
    plain = [item for item, entry in named if entry is None]
    bases = Counter(_base(item)[0] for item in plain if _base(item)[1])
    names: dict[Path, str] = {}
    for item in plain:
        base, tells = _base(item)
        names[item.path] = base if tells and bases[base] > 1 else _stem(item)
    taken = Counter(entry.recording for _, entry in named if entry)
    longer: tuple[Callable[[_Found], str], ...] = (
        lambda item: (item.below.parent / _stem(item)).as_posix(),
        lambda item: item.below.as_posix(),
        lambda item: (item.root.name / item.below.parent / _stem(item)).as_posix(),
        lambda item: (item.root.name / item.below).as_posix(),
        lambda item: item.path.as_posix(),
    )
    for lengthen in longer:
        clashes = Counter(
            names[item.path] for item in plain if names[item.path] not in _grouped(plain, names)
        )
        for item in plain:
            if clashes[names[item.path]] > 1 or (taken[names[item.path]] and clashes[names[item.path]]):
                names[item.path] = lengthen(item)
    return [(entry.recording if entry else names[item.path], item, entry) for item, entry in named]


def _grouped(plain: list[_Found], names: dict[Path, str]) -> set[str]:
    """Names that files share on purpose: x.acc.csv and x.ppg.csv in one folder."""
    groups: dict[str, list[_Found]] = defaultdict(list)
    for item in plain:
        groups[names[item.path]].append(item)
    return {
        name
        for name, items in groups.items()
        if len(items) > 1
        and len({item.path.parent for item in items}) == 1
        and len({_told(item.path) for item in items} - {None}) == len(items)
    }


def _base(item: _Found) -> tuple[str, bool]:
    """A stem without .acc, .ppg or .ecg, and whether it had one."""
    base, _, last = _stem(item).rpartition(".")
    return (base, True) if base and last.lower() in _MODALITY_WORDS else (_stem(item), False)


def _told(path: Path) -> Modality | None:
    words = re.split(r"[._-]", stem_of(path.name).lower())
    told = {_MODALITY_WORDS[word] for word in words if word in _MODALITY_WORDS}
    return told.pop() if len(told) == 1 else None


def _one_each(
    named: list[tuple[str, _Found, Entry | None]], modality: Modality, problems: list[str]
) -> Iterator[tuple[str, _Found, Entry | None]]:
    """One file a recording: where there are several, the one that holds the modality."""
    groups: dict[str, list[tuple[str, _Found, Entry | None]]] = defaultdict(list)
    for row in named:
        groups[row[0]].append(row)
    without = []
    for name, rows in groups.items():
        fitting = rows if len(rows) == 1 else [row for row in rows if _holds(row[1], modality)]
        if len(fitting) == 1:
            yield fitting[0]
        elif fitting:
            files = ", ".join(str(row[1].below) for row in fitting)
            problems.append(f"recording '{name}' has several files of {modality} ({files}): left out")
        else:
            without.append(name)
    if without:
        problems.append(f"{len(without)} recordings without {modality}, such as '{without[0]}': left out")


def _holds(item: _Found, modality: Modality) -> bool:
    from wearcli.recordings.columns import choose_columns
    from wearcli.recordings.open import table_of

    if (told := _told(item.path)) is not None:
        return told == modality
    if item.format in ("cwa", "bin", "gt3x"):
        return modality == "acc"
    if item.format == "e4":
        return modality in E4_FILES
    try:
        table = table_of(item.path, item.format, str(item.path))
        choose_columns(table.columns, modality, str(item.path), table.named)
    except InputError:
        return False
    return True
