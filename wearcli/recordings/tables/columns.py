"""Which columns of a table are the time and the signal, told by what their names mean."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from wearcli.errors import InputError
from wearcli.modality import MODALITIES, Modality, ModalityRecord
from wearcli.recordings.tables.axes import choose_axes, unnamed_axes
from wearcli.recordings.tables.channels import find_channels, prefer_channels
from wearcli.recordings.tables.names import ColumnName, list_names, parse_name, quote_names
from wearcli.recordings.tables.table import Column

_TIME = (  # by rank: an absolute stamp before an elapsed time before a date
    {
        "timestamp",
        "datetime",
        "unixtime",
        "unix",
        "epoch",
        "posix",
        "epochtime",
        "unixtimestamp",
        "timestamps",
    },
    {"time", "times", "recordedat", "sampletime", "timeofday", "utc", "acctime"},
    {"t", "ts", "seconds", "secondselapsed", "elapsed", "elapsedtime", "timeelapsed", "sec", "relativetime"},
    {"date"},
)
_TIME_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "usec", "µs", "μs", "micros", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanosecond", "nanoseconds"), "ns"),
}


class Chosen(NamedTuple):
    """The columns to read, and what their names tell.

    Attributes:
        time: Position of the time column; None without one.
        channels: Positions of the columns of the signal.
        names: Names of the channels; x, y, z where the signal has axes.
        unit: Unit of the signal, as it is written in the format or in brackets.
        time_unit: Unit of the time: s, ms, us or ns.
        warnings: What was chosen where there was a choice.
    """

    time: int | None
    channels: list[int]
    names: tuple[str, ...]
    unit: str | None
    time_unit: str | None
    warnings: list[str]


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
    if channel_columns:
        channels = [_position(columns, name, file_name, "--columns") for name in channel_columns]
    elif not named:
        channels = _nameless(columns, signal, file_name, count)
        if time is None and len(columns) == len(channels) + 1:
            time = 0
    elif signal.channels:
        channels = choose_axes(columns, names, signal, file_name, bare_leads)
    else:
        channels = _signals(columns, names, signal, file_name, count, bare_leads, warnings)
    _check_channels(columns, channels, signal, file_name, count, by_flag=bool(channel_columns))
    if time is None and named and timed:
        time = _time(columns, names, channels, warnings)
    if time in channels:
        raise InputError(
            f"{file_name}: column '{columns[time].name}' is both time and signal: see --time-column"
        )
    return Chosen(
        time,
        channels,
        signal.channels or tuple(columns[i].name.strip() for i in channels),
        columns[channels[0]].unit or names[channels[0]].unit,
        _time_unit(names[time]) if time is not None else None,
        warnings,
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


def _time(
    columns: Sequence[Column], names: Sequence[ColumnName], channels: Sequence[int], warnings: list[str]
) -> int | None:
    """The position of the time column, by how surely its name means time."""

    def rank(i: int) -> int | None:
        words = names[i].words
        if len(words) > 1 and words[-1] in _TIME_UNITS and names[i].unit is None:
            words = words[:-1]
        for at, meanings in enumerate(_TIME):
            if "".join(words) in meanings or (at == 0 and "timestamp" in "".join(words)):
                return at
        # An index that pandas saved without a name, for one.
        return len(_TIME) if columns[i].kind in ("stamp", "zoned") else None

    ranked = sorted((r, i) for i in range(len(columns)) if i not in channels and (r := rank(i)) is not None)
    usable = [i for _, i in ranked if columns[i].kind != "text"] or [i for _, i in ranked]
    if len(usable) > 1:
        others = quote_names([columns[i] for i in usable[1:]])
        warnings.append(f"time is from '{columns[usable[0]].name}', not {others} (--time-column)")
    return usable[0] if usable else None


def _time_unit(name: ColumnName) -> str | None:
    if name.unit is not None:
        return _TIME_UNITS.get(name.unit.lower())
    return _TIME_UNITS.get(name.words[-1]) if len(name.words) > 1 else None


def _bare(name: str) -> str:
    """A name without the unit in brackets at its end."""
    return _squeeze(re.sub(r"\s*[\[(][^\[(]*[\])]\s*$", "", name))


def _squeeze(name: str) -> str:
    return re.sub(r"[\s_]+", "", name).lower()
