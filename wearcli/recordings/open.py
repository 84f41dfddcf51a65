"""Open a recording of any format."""

from pathlib import Path

from wearcli.errors import InputError
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source
from wearcli.recordings.tables.table import Table
from wearcli.recordings.tables.tabular import open_table


def open_recording(source: Source, reading: Reading | None = None) -> Recording:
    """Open one signal of a recording: its head is read, the rest is streamed by `Recording.chunks()`.

    Args:
        source: Which file, of whom.
        reading: Which signal, and how to read the file where it does not tell; see `Reading`.

    Raises:
        InputError: The file cannot be read, or is in doubt; one line with the file's name and, in doubt, the
            option to settle it with.
        UsageError: The reading is none that any file could take.

    Example:
        >>> folder = find_recordings([Path("recordings")])
        >>> recording = open_recording(folder.sources[0], Reading(unit="g"))
        >>> recording.rate_hz
        50.0
    """
    reading = reading or Reading()
    reading.check()
    modality = reading.modality
    where = str(source.path)
    if source.path.is_symlink() and not source.path.exists():
        # Such as git-annex leaves for what was not downloaded.
        raise InputError(f"{where}: a link to a file that is not here: fetch it ('git annex get', for one)")
    if not source.path.exists():
        raise InputError(f"{where}: no such file")
    if source.format in ("cwa", "bin", "gt3x"):
        from wearcli.recordings.formats.devices import open_device

        return open_device(source, modality, where)
    if source.format == "e4":
        from wearcli.recordings.formats.e4 import open_e4

        return open_table(
            source, open_e4(source.path, where, modality), Reading(modality, channels=reading.channels), where
        )
    table = table_of(source.path, source.format, where)
    return open_table(source, table, reading, where)


def table_of(path: Path, kind: str, where: str) -> Table:
    """The columns of a file that has some (csv, edf, ...). Raises InputError where they cannot be read."""
    if kind in ("csv", "tsv"):
        from wearcli.recordings.formats.apple_ecg import open_apple_ecg
        from wearcli.recordings.formats.csv import open_csv

        return open_apple_ecg(path, where) or open_csv(path, where)
    if kind == "parquet":
        from wearcli.recordings.formats.parquet import open_parquet

        return open_parquet(path, where)
    if kind == "npz":
        from wearcli.recordings.formats.npz import open_npz

        return open_npz(path, where)
    if kind == "edf":
        from wearcli.recordings.formats.edf import open_edf

        return open_edf(path, where)
    if kind == "wfdb":
        from wearcli.recordings.formats.wfdb import open_wfdb

        return open_wfdb(path, where)
    raise InputError(f"{where}: unknown format '{kind}'")
