"""CSV and TSV files, plain or .gz: one row a sample, or the ECG of an Apple Health export."""

from pathlib import Path

from wearcli.recordings.formats.apple_ecg import EXPORT_FOLDERS, open_apple_ecg
from wearcli.recordings.formats.damage import not_readable
from wearcli.recordings.formats.delimited import open_bytes, stream_numbers
from wearcli.recordings.formats.format import Format
from wearcli.recordings.formats.geneactiv_csv import UNIT, UNIT_HOW, geneactiv_columns
from wearcli.recordings.formats.layout import recognise_layout
from wearcli.recordings.formats.preamble import read_preamble
from wearcli.recordings.tables.epochs import refuse_epochs
from wearcli.recordings.tables.table import Table

_HEAD_BYTES = 2**18


def open_csv(path: Path, file_name: str) -> Table:
    """Return a CSV file as a table.

    Raises:
        InputError: It cannot be read; while streaming too.
    """
    return open_apple_ecg(path, file_name) or open_rows(path, file_name)


def open_rows(path: Path, file_name: str) -> Table:
    """Return the rows of a text file as a table.

    Raises:
        InputError: It cannot be read; while streaming too.
    """
    try:
        with open_bytes(path) as stream:
            head = stream.read(_HEAD_BYTES)
            layout = recognise_layout(head, len(head) < _HEAD_BYTES, file_name)
    except OSError as error:
        raise not_readable(file_name, "text file", error) from None
    refuse_epochs([column.name for column in layout.columns], layout.preamble, file_name)
    preamble = read_preamble(layout.preamble)
    guessed = not layout.named or bool(layout.notes)
    geneactiv = geneactiv_columns(layout.columns, layout.preamble, file_name) if guessed else None
    layout.columns = geneactiv or layout.columns
    bytes_a_row = len(head) / max(head.count(b"\n"), 1)
    table = Table(
        layout.columns,
        lambda time, channels: stream_numbers(path, file_name, layout, time, channels, table.warnings),
        layout.named or geneactiv is not None,
        # A gzipped file does not say its length.
        None if path.suffix.lower() == ".gz" else path.stat().st_size / bytes_a_row,
        preamble.rate_hz,
        preamble.start,
        preamble.start_by_order,
        preamble.date_order,
        zone=preamble.zone,
        unit=UNIT if geneactiv else None,
        unit_how=UNIT_HOW if geneactiv else None,
        unit_factor=1.0 if geneactiv else None,
        facts={"preamble": layout.preamble[:20]} if layout.preamble else {},
        warnings=[] if geneactiv else list(layout.notes),
    )
    return table


def _no_part(path: Path) -> bool:
    """Whether a file is none that phyphox writes into the folder `meta` of a recording."""
    return path.parent.name.lower() != "meta" or path.name.lower() not in ("time.csv", "device.csv")


CSV = Format(
    "csv",
    "CSV (also an ECG of Apple Health)",
    (".csv",),
    open_csv,
    gzip=True,
    sidecar=True,
    accepts=_no_part,
    export_folders=EXPORT_FOLDERS,
)
TSV = Format("tsv", "TSV", (".tsv",), open_csv, gzip=True, sidecar=True)
