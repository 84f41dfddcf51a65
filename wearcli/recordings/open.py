"""Open a recording of any format."""

from pathlib import Path

from wearcli.errors import InputError, UsageError
from wearcli.modality import MODALITIES, Modality
from wearcli.recordings.recording import Recording, Source
from wearcli.recordings.tables.table import Table
from wearcli.recordings.tables.tabular import open_table
from wearcli.recordings.tables.times import check_time_unit
from wearcli.recordings.tables.units import said_unit


def check_reading(
    *,
    modality: Modality = "acc",
    unit: str | None = None,
    time_column: str | None = None,
    channel_columns: list[str] | None = None,
    time_unit: str | None = None,
    rate_hz: float | None = None,
) -> None:
    """Raise UsageError where `open_recording` takes no such arguments, whatever the file; before any work."""
    if unit is not None:
        said_unit(unit)
    if time_unit is not None:
        check_time_unit(time_unit)
    if rate_hz is not None and not 0 < rate_hz < float("inf"):
        raise UsageError(f"--rate-hz {rate_hz:g}: must be above 0")
    if channel_columns is not None and MODALITIES[modality].channels and len(channel_columns) != 3:
        raise UsageError(
            f"--columns {','.join(channel_columns)}: {MODALITIES[modality].title} needs three columns, in "
            "the order x,y,z"
        )
    if "" in [time_column, *(channel_columns or [])]:
        raise UsageError("--columns and --time-column take names or positions of columns, not nothing")


def open_recording(
    source: Source,
    *,
    modality: Modality = "acc",
    unit: str | None = None,
    time_column: str | None = None,
    channel_columns: list[str] | None = None,
    time_unit: str | None = None,
    rate_hz: float | None = None,
    channels: int | None = None,
) -> Recording:
    """Open one signal of a recording: its head is read, the rest is streamed by `Recording.chunks()`.

    unit: g, mg or m/s2. channel_columns, time_column: names or 1-based positions of a table's columns.
    time_unit: s, ms, us, ns, iso, dmy or mdy. rate_hz: for a file that holds no time.
    channels: how many of ppg or ecg to take (None: all that there are; acceleration always has three).
    Where the file has more, they are chosen by their names (ppg: green, infrared, red; ecg: lead I, then
    II; then the first in the file), which is said in the warnings; where it has fewer, InputError.
    Device files and Empatica exports say all of this themselves, so these arguments do not touch them; EDF,
    WFDB and Apple Health files say their time and rate.
    Raises InputError, one line that names the file and, in doubt, the flag to settle it with; UsageError
    where the arguments are none that any file could take (see `check_reading`).
    """
    check_reading(
        modality=modality,
        unit=unit,
        time_column=time_column,
        channel_columns=channel_columns,
        time_unit=time_unit,
        rate_hz=rate_hz,
    )
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

        return open_table(source, open_e4(source.path, where, modality), modality, where, channels=channels)
    table = table_of(source.path, source.format, where)
    return open_table(
        source, table, modality, where, unit, time_column, channel_columns, time_unit, rate_hz, channels
    )


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
