"""The root of each path that a user gives: the folder of the study that it belongs to."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

_BIDS_LEVEL = re.compile(r"sub-[A-Za-z0-9]*[0-9][A-Za-z0-9]*|ses-[A-Za-z0-9]+")
# A folder with one of these is a study of its own, whatever is named beside it.
_STUDY_TABLES = {f"{name}{suffix}" for name in ("recordings", "participants") for suffix in (".csv", ".tsv")}


def absolute(path: Path) -> Path:
    """Return the whole path, without `..`; it keeps the names of links, unlike `Path.resolve`."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def study_roots(anchors: Sequence[Path]) -> dict[Path, Path]:
    """Return the root of folders, absolute: of a study the folder itself, else the one above all others."""
    studies = {anchor: _study_folder(absolute(anchor)) for anchor in anchors}
    given = {*studies.values()}
    outermost = {
        here: min(given.intersection(with_parents(here)), key=lambda a: len(a.parts)) for here in given
    }
    single = {here for here in outermost.values() if not _is_study(here)}
    common = {here: Path(os.path.commonpath(single)) for here in single}
    return {anchor: common.get(outermost[here], outermost[here]) for anchor, here in studies.items()}


def _study_folder(folder: Path) -> Path:
    """The folder itself, but of a BIDS participant's or session's folder the dataset's."""
    while _BIDS_LEVEL.fullmatch(folder.name):
        folder = folder.parent
    return folder


def _is_study(folder: Path) -> bool:
    return any(path.name.lower().removesuffix(".gz") in _STUDY_TABLES for path in list_folder(folder))


def list_folder(folder: Path) -> list[Path]:
    """Return what lies in a folder, sorted; nothing where the user may not look into it."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def with_parents(path: Path) -> list[Path]:
    """Return a path and all folders above it, absolute."""
    return [absolute(path), *absolute(path).parents]


def folder_above(folder: Path) -> Path:
    """Return the folder above another, which may be `.` or `..`."""
    return folder.parent if folder.name not in ("", "..") else absolute(folder).parent
