"""The files that one WFDB record is made of: its header (.hea), its data, and those of its segments."""

from collections.abc import Sequence
from pathlib import Path

_LONGEST_NAME = 250  # of a file, with a suffix
_LONGEST_COUNT = 6  # digits


def segment_names(header: Path) -> list[str]:
    """Return the names of the segments of a record, the layout among them; none for a plain record."""
    lines = _lines(header)
    _, _, count = lines[0].split()[0].partition("/") if lines else ("", "", "")
    return _names(lines[1:], _count(count))


def segment_headers(headers: Sequence[Path]) -> set[Path]:
    """Return those of the headers in one folder that are segments of another record there."""
    if len(headers) < 2:
        return set()
    names = {name for header in headers for name in segment_names(header)}
    return {header for header in headers if header.stem in names}


def record_files(header: Path) -> dict[str, Path]:
    """Return the files of a record by the names that it calls them, its own header first; missing ones too.

    On disk their names may be in other case, as copies over DOS had them.
    """
    files = {f"{header.stem}.hea": header}
    segments = segment_names(header)
    for name in segments:
        files[f"{name}.hea"] = _on_disk(header.with_name(f"{name}.hea"))
    for file in list(files.values())[bool(segments) :]:  # a multi-segment header names no data itself
        lines = _lines(file)
        words = lines[0].split() if lines else []
        for name in _names(lines[1:], _count((*words, "", "")[1])):
            files[name] = _on_disk(header.with_name(name))
    return files


def with_length(header: Path, frames: int | None) -> str:
    """Return the text of a header, with its number of samples added where `frames` gives it."""
    record, *others = _lines(header)
    if frames is not None:
        words = [*record.split(), "250"][:3]  # name, signals, and the rate where none is said
        record = f"{' '.join(words)} {frames}"
    return "\n".join([record, *others, ""])


def _count(word: str) -> int:
    """How many signals or segments a header says; 0 where it says no number that a file may have."""
    return int(word) if word.isdecimal() and len(word) <= _LONGEST_COUNT else 0


def _names(lines: list[str], count: int) -> list[str]:
    """The first words of `count` lines, as far as they are files beside the header; ~ stands for none."""
    names = [line.split()[0] for line in lines[:count]]
    return [
        name
        for name in names
        if not name.startswith("~") and not {"/", "\\", "\0"} & {*name} and len(name) < _LONGEST_NAME
    ]


def _on_disk(path: Path) -> Path:
    if path.exists():
        return path
    return next((file for file in path.parent.iterdir() if file.name.lower() == path.name.lower()), path)


def _lines(header: Path) -> list[str]:
    """The lines of a header that are no comments; none where it cannot be read."""
    try:
        text = header.read_text("ascii", "ignore")
    except OSError:
        return []
    return [line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#")]
