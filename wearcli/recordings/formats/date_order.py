"""The order of day, month and year where the first dates of a file leave it in doubt."""

import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from wearcli.errors import InputError, blamed_on
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Source
from wearcli.recordings.tables.columns import choose_columns
from wearcli.recordings.tables.dates import Order, OrderInDoubtError, UnreadableStampError, recognise_form
from wearcli.recordings.tables.table import Table

# Files of a study that are looked at, and how many that agree are enough.
_MOST_FILES, _ENOUGH = 200, 3
_SAMPLE = 2**14


class SettledOrder(NamedTuple):
    """An order of day, month and year.

    Attributes:
        order: The order.
        how: How it is known, for people.
    """

    order: Order
    how: str


def settle_order(
    source: Source,
    table: Table,
    reading: Reading,
    read_table: Callable[[Path, str], Table],
    fits: Callable[[Path], bool],
) -> SettledOrder | None:
    """Return the order that later dates of a file have, else files of the same study with the same columns.

    Their dates come from the same device and software. None where no such file tells an order, or where two
    tell another.

    Args:
        source: The recording whose first dates are in doubt.
        table: Its columns.
        reading: How the files are read.
        read_table: Reads a file of the format.
        fits: Whether a file is of the format by its name.
    """
    names = tuple(column.name for column in table.columns)
    if (order := _own_order(source.path, names, reading, read_table, whole=True)) is not None:
        return SettledOrder(order, "by its later dates")
    return _sisters(source.root or source.path.absolute().parent, names, reading, read_table, fits)


@lru_cache(maxsize=256)
def _sisters(
    folder: Path,
    names: tuple[str, ...],
    reading: Reading,
    read_table: Callable[[Path, str], Table],
    fits: Callable[[Path], bool],
) -> SettledOrder | None:
    first: SettledOrder | None = None
    agreeing = 0
    for count, path in enumerate(_files(folder, fits)):
        if count == _MOST_FILES or agreeing == _ENOUGH:
            break
        order = _own_order(path, names, reading, read_table, whole=False)
        if order is None:
            continue
        first = first or SettledOrder(order, f"as in {path.relative_to(folder).as_posix()}")
        if order != first.order:
            return None
        agreeing += 1
    return first


def _files(folder: Path, fits: Callable[[Path], bool]) -> Iterator[Path]:
    """The files of a format in a folder and below, in order."""
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(root, name)
            if fits(path) and path.is_file():
                yield path


def _own_order(
    path: Path,
    names: tuple[str, ...],
    reading: Reading,
    read_table: Callable[[Path, str], Table],
    whole: bool,
) -> Order | None:
    """The order that the dates of a file have by themselves, of its first rows or all; None without one."""
    sample: list[str] = []
    try:
        with blamed_on(path):
            table = read_table(path, str(path))
            if tuple(column.name for column in table.columns) != names:
                return None
            chosen = choose_columns(
                table.columns,
                reading.modality,
                str(path),
                table.named,
                reading.time_column,
                reading.channel_columns,
                reading.channels,
                table.bare_leads,
            )
            for batch in table.stream(chosen.time, chosen.channels):
                if not isinstance(batch.time, pa.Array):
                    return None
                texts = batch.time if whole else batch.time.slice(0, _SAMPLE)
                dated = [text for text in texts.to_pylist() if text and text.strip()]
                if not whole:
                    sample = dated
                    break
                sample += [*dated[:1], *dated[-1:]]
        return recognise_form(sample).order if sample else None
    except (InputError, OrderInDoubtError, UnreadableStampError):
        return None
