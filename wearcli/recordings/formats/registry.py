"""The file formats that wearcli reads. A new one is a module with its `FORMAT`, and a line here."""

from collections.abc import Sequence
from pathlib import Path

from wearcli.errors import InputError, blamed_on
from wearcli.recordings.formats import (
    actigraph,
    axivity,
    bids_motion,
    csv,
    e4,
    edf,
    embrace_plus,
    geneactiv,
    matlab,
    npz,
    parquet,
    phone,
    wfdb,
)
from wearcli.recordings.formats.format import FolderLayout, Format

FORMATS: dict[str, Format] = {
    record.name: record
    for record in (
        bids_motion.FORMAT,
        csv.CSV,
        csv.TSV,
        parquet.FORMAT,
        npz.FORMAT,
        matlab.FORMAT,
        axivity.FORMAT,
        geneactiv.FORMAT,
        actigraph.FORMAT,
        edf.FORMAT,
        wfdb.FORMAT,
        phone.FORMAT,
        e4.FORMAT,
        embrace_plus.FORMAT,
    )
}


def file_format(path: Path) -> Format | None:
    """Return the format of a file by its name, for some by a look at it; None where it is no recording."""
    return next((record for record in FORMATS.values() if record.fits(path) and _accepts(record, path)), None)


def segment_files(files: Sequence[Path]) -> set[Path]:
    """Return those of the files in a folder that are parts of a recording in another one there."""
    parts: set[Path] = set()
    for record in FORMATS.values():
        own = [path for path in files if record.fits(path)]
        try:
            with blamed_on(own[0] if own else Path()):
                parts |= record.segments(own)
        except InputError:
            continue  # opening them will name the damaged one
    return parts


def folder_format(folder: Path) -> Format | None:
    """Return the format of a folder that is one recording; None for any other folder."""
    try:
        names = {path.name.lower().removesuffix(".gz") for path in folder.iterdir()}
    except OSError:
        return None
    for record in FORMATS.values():
        layout = record.folder
        if layout is not None and not layout.marks.isdisjoint(names) and _recognises(layout, folder):
            return record
    return None


def _accepts(record: Format, path: Path) -> bool:
    try:
        with blamed_on(path):
            return record.accepts(path)
    except InputError:
        return True  # opening it will name it


def _recognises(layout: FolderLayout, folder: Path) -> bool:
    try:
        with blamed_on(folder):
            return layout.recognise(folder)
    except InputError:
        return False


def accepted_formats() -> str:
    """Return what wearcli reads, as messages list it."""
    *titles, last = (record.title for record in FORMATS.values())
    packed = ", ".join(suffix for record in FORMATS.values() if record.gzip for suffix in record.suffixes)
    return f"{', '.join(titles)} and {last}; {packed} also as .gz"
