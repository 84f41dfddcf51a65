"""The order of day, month and year where the first dates of a file leave it in doubt."""

import itertools
import os
import re
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

_MOST_FILES = 100  # of a study that are looked at
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
    stamp: str,
    reading: Reading,
    read_table: Callable[[Path, str], Table],
    fits: Callable[[Path], bool],
) -> SettledOrder | None:
    """Return the order that later dates of a file have, else files of the same study with stamps as these.

    Their columns and the form of their stamps are the same, as the same device and software wrote them. None
    where no such file tells an order, or where two tell another.

    Args:
        source: The recording whose first dates are in doubt.
        table: Its columns.
        stamp: One of its stamps.
        reading: How the files are read.
        read_table: Reads a file of the format.
        fits: Whether a file is of the format by its name.
    """
    like = _Like(tuple(column.name for column in table.columns), _shape(stamp))
    if (order := _own_order(source.path, like, reading, read_table, whole=True)) is not None:
        return SettledOrder(order, "by its later dates")
    return _sisters(source.root or source.path.absolute().parent, like, reading, read_table, fits)


class _Like(NamedTuple):
    """What files must share: the names of the columns, and the shape of the stamps."""

    names: tuple[str, ...]
    shape: str


def _shape(stamp: str) -> str:
    """A stamp without its digits, but for whether the year has all four; AM and PM are alike."""
    plain = re.sub(r"(?i)[ap]m", "M", stamp.strip())
    return re.sub(r"\d+", lambda digits: "yyyy" if len(digits[0]) == 4 else "0", plain)


@lru_cache(maxsize=256)
def _sisters(
    folder: Path,
    like: _Like,
    reading: Reading,
    read_table: Callable[[Path, str], Table],
    fits: Callable[[Path], bool],
) -> SettledOrder | None:
    first: SettledOrder | None = None
    for path in itertools.islice(_files(folder, fits), _MOST_FILES):
        order = _own_order(path, like, reading, read_table, whole=False)
        if order is None:
            continue
        first = first or SettledOrder(order, f"as in {path.relative_to(folder).as_posix()}")
        if order != first.order:
            return None
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
    like: _Like,
    reading: Reading,
    read_table: Callable[[Path, str], Table],
    whole: bool,
) -> Order | None:
    """The order that the dates of a file have by themselves, of its first rows or all; None without one."""
    sample: list[str] = []
    try:
        with blamed_on(path):
            table = read_table(path, str(path))
            if tuple(column.name for column in table.columns) != like.names:
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
        return recognise_form(sample).order if sample and _shape(sample[0]) == like.shape else None
    except (InputError, OrderInDoubtError, UnreadableStampError):
        return None
