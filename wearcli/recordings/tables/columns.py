"""Which columns of a table are the time and the signal, recognised by what their names mean."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from wearcli.errors import InputError
from wearcli.modality import MODALITIES, Modality, ModalityRecord
from wearcli.recordings.tables.axes import AxesChoice, choose_axes, unnamed_axes
from wearcli.recordings.tables.channels import find_channels, prefer_channels
from wearcli.recordings.tables.labels import RowLabel, row_label
from wearcli.recordings.tables.names import ColumnName, list_names, parse_name, quote_names
from wearcli.recordings.tables.stamps import choose_time, time_unit
from wearcli.recordings.tables.table import Column


class Chosen(NamedTuple):
    """The columns to read, and what their names tell.

    Attributes:
        time: Position of the time column; None without one.
        channels: Positions of the columns of the signal.
        names: Names of the channels; x, y, z where the signal has axes.
        unit: Unit of the signal, as it is written in the format or in brackets.
        time_unit: Unit of the time: s, ms, us or ns.
        warnings: What was chosen where there was a choice.
        starts: Positions of other columns of time that may tell the start, where the time column is a
            sensor's own and may not.
        gravity: Positions of gravity's axes, where acceleration may be without it.
        gravity_unit: Their unit, likewise.
        without_gravity: Whether the channels are acceleration without gravity, by their names.
        label: Position of the column that tells the sensor of each row, and what it holds in those of the
            signal, None for a number that all rows must share; None where no column tells sensors.
    """

    time: int | None
    channels: list[int]
    names: tuple[str, ...]
    unit: str | None
    time_unit: str | None
    warnings: list[str]
    starts: tuple[int, ...] = ()
    gravity: list[int] | None = None
    gravity_unit: str | None = None
    without_gravity: bool = False
    label: RowLabel | None = None


def choose_columns(
    columns: list[Column],
    modality: Modality,
    file_name: str,
    named: bool = True,
    time_column: str | None = None,
    channel_columns: Sequence[str] | None = None,
    count: int | None = None,
    bare_leads: bool = False,
) -> Chosen:
    """Return the time column, if there is one, and the channels of a signal.

    Args:
        columns: The columns of the table.
        modality: The signal.
        file_name: Name of the file, for messages and for what it tells.
        named: Whether the file names its columns.
        time_column: Name or 1-based position of the time column, given by the user.
        channel_columns: Names or 1-based positions of the channels, given by the user.
        count: Number of channels to take of a signal that may have any, None for all. Where there are more,
            a warning names those taken.
        bare_leads: Whether a column called after a lead alone (II, V5) is an ECG.

    Raises:
        InputError: A meaning is missing or in doubt, or there are fewer channels. The message names
            `--columns` or `--time-column`.
    """
    signal = MODALITIES[modality]
    names = [parse_name(column.name) for column in columns]
    warnings: list[str] = []
    # Columns with a rate of their own need no other to tell their time.
    timed = all(column.rate_hz is None for column in columns)
    time = _position(columns, time_column, file_name, "--time-column") if time_column and timed else None
    axes = AxesChoice([], None, False, [])
    label = row_label(columns, signal, file_name)
    if channel_columns:
        channels = [_position(columns, name, file_name, "--columns") for name in channel_columns]
    elif not named:
        channels = _nameless(columns, signal, file_name, count)
        if time is None and len(columns) == len(channels) + 1:
            time = 0
    elif signal.channels:
        axes = choose_axes(columns, names, signal, file_name, bare_leads, bool(label and label[1]))
        channels = axes.channels
        warnings += axes.notes
    else:
        channels = _signals(columns, names, signal, file_name, count, bare_leads, warnings)
    _check_channels(columns, channels, signal, file_name, count, by_flag=bool(channel_columns))
    starts: tuple[int, ...] = ()
    if time is None and named and timed:
        time, starts = choose_time(columns, names, channels, signal, warnings)
    if time in channels:
        raise InputError(
            f"{file_name}: column '{columns[time].name}' is both time and signal: see --time-column"
        )
    return Chosen(
        time,
        channels,
        signal.channels or tuple(columns[i].name.strip() for i in channels),
        columns[channels[0]].unit or names[channels[0]].unit,
        time_unit(names[time]) if time is not None else None,
        warnings,
        starts,
        axes.gravity,
        (columns[axes.gravity[0]].unit or names[axes.gravity[0]].unit) if axes.gravity else None,
        axes.without_gravity,
        label,
    )


def _nameless(
    columns: Sequence[Column], signal: ModalityRecord, file_name: str, count: int | None
) -> list[int]:
    """Columns without names have one reading only: an optional first column of time, then the signal."""
    width = len(signal.channels) or 1
    if len(columns) not in (width, width + 1) or not (
        unnamed_axes(signal, file_name) if signal.channels else signal.unnamed
    ):
        needed = len(signal.channels) or count or 1
        raise InputError(
            f"{file_name}: {len(columns)} columns without names: say which hold the signal, such as "
            f"--columns {','.join(str(i + 2) for i in range(needed))} (and --time-column 1)"
        )
    return list(range(len(columns) - width, len(columns)))


def _check_channels(
    columns: Sequence[Column],
    channels: Sequence[int],
    signal: ModalityRecord,
    file_name: str,
    count: int | None,
    by_flag: bool,
) -> None:
    """Raise InputError where the channels are too few or hold no numbers."""
    if not signal.channels and count is not None and len(channels) != count:
        has = f"--columns names {len(channels)}" if by_flag else f"has {len(channels)}"
        raise InputError(
            f"{file_name}: {has} of {signal.name} ({list_names([columns[i] for i in channels])}), where the "
            f"number of channels needed is {count}: name as many with --columns, or take a model for "
            f"{len(channels)}"
        )
    for i in channels:
        if columns[i].kind != "number":
            raise InputError(
                f"{file_name}: column '{columns[i].name}' does not hold numbers: choose others with --columns"
            )


def _position(columns: Sequence[Column], name: str, file_name: str, flag: str) -> int:
    """The position of the column that a flag names, by its name or by its number from 1."""
    wanted = name.strip()
    exact = [i for i, column in enumerate(columns) if column.name.strip() == wanted]
    alike = [i for i, column in enumerate(columns) if _squeeze(column.name) == _squeeze(wanted)]
    without_unit = [i for i, column in enumerate(columns) if _bare(column.name) == _squeeze(wanted)]
    for hits in (exact, alike, without_unit):
        if len(hits) == 1:
            return hits[0]
    if wanted.isdecimal() and 1 <= int(wanted) <= len(columns):
        return int(wanted) - 1
    raise InputError(f"{file_name}: no column '{wanted}' for {flag}: there are {list_names(columns)}")


def _signals(
    columns: Sequence[Column],
    names: Sequence[ColumnName],
    signal: ModalityRecord,
    file_name: str,
    count: int | None,
    bare_leads: bool,
    warnings: list[str],
) -> list[int]:
    """The positions of the channels of a signal without axes."""
    words = [
        name.words if column.kind == "number" else () for name, column in zip(names, columns, strict=True)
    ]
    hits = find_channels(words, signal, bare_leads)
    if not hits:
        raise InputError(
            f"{file_name}: no column that means {signal.name}: name it with --columns from "
            f"{list_names(columns)}"
        )
    if count is None or len(hits) <= count:
        return hits
    taken = prefer_channels(words, hits, signal, count)
    others = [columns[i] for i in hits if i not in taken]
    warnings.append(
        f"{signal.name} is from {quote_names([columns[i] for i in taken])}, not {quote_names(others)} "
        "(--columns)"
    )
    return taken


def _bare(name: str) -> str:
    """A name without the unit in brackets at its end."""
    return _squeeze(re.sub(r"\s*[\[(][^\[(]*[\])]\s*$", "", name))


def _squeeze(name: str) -> str:
    return re.sub(r"[\s_]+", "", name).lower()
