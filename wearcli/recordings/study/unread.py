"""Files of a study that are not read, though they may be recordings."""

from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path

from wearcli.recordings.formats.registry import FORMATS
from wearcli.recordings.study.participants import file_stem
from wearcli.words import counted

# What lies beside recordings and is plainly none.
_NO_RECORDINGS = frozenset(
    f".{suffix}"
    for suffixes in (
        "txt md rst pdf doc docx odt ppt pptx rtf tex html htm xml css js qml bib url lnk log lock tmp bak",
        "jpg jpeg png gif svg bmp tif tiff webp heic mp4 mov avi mkv webm mp3 wav m4a",
        "py ipynb m r rmd sh bat ps1 c cpp h java jl json jsonl yaml yml toml ini cfg md5 sha256",
        "gitignore bidsignore license atr qrs ann part",
    )
    for suffix in suffixes.split()
)
# Such a file with wearcli's own mark is one of its tables.
_OWN_TABLES = frozenset({".parquet", ".arrow", ".arrows"})


def unread_files(files: Iterable[Path], recordings: Collection[Path]) -> list[Path]:
    """Return those of the files in one folder that may be recordings and are not read.

    A file with the name of a recording that is read, but for the suffix, belongs to that one.

    Args:
        files: All files of the folder that are neither recordings nor tables beside them.
        recordings: Those of the folder that are read.
    """
    stems = {file_stem(path.name).lower() for path in recordings}
    return [
        path
        for path in files
        if _suffix(path) not in _NO_RECORDINGS | _OWN_TABLES | {""}
        and file_stem(path.name).lower() not in stems
    ]


def unread_counts(files: Iterable[Path]) -> dict[str, int]:
    """Return how many files there are by suffix, the most first."""
    return dict(Counter(map(_suffix, files)).most_common())


def unread_in_words(files: Collection[Path]) -> str:
    """Return in one line what was not read; "" for nothing."""
    if not files:
        return ""
    counts = ", ".join(f"{count} {suffix}" for suffix, count in unread_counts(files).items())
    suffixes = {suffix for record in FORMATS.values() for suffix in record.suffixes}
    damaged = [path for path in files if _suffix(path) in suffixes]
    why = f"; {counted(len(damaged), 'file')} of these have a suffix that is read, but hold no recording"
    return f"not read: {counts} (such as {min(files)}){why if damaged else ''}"


def _suffix(path: Path) -> str:
    """The suffix in lower case, with what comes before .gz."""
    name = path.name.lower()
    packed = ".gz" if name.endswith(".gz") else ""
    return Path(name.removesuffix(".gz")).suffix + packed
