"""Which column of a table is the time of a signal: its sensor's own before the log's, another's last."""

from collections.abc import Sequence

from wearcli.modality import MODALITIES, ModalityRecord
from wearcli.recordings.tables.names import AXES, ColumnName, quote_names
from wearcli.recordings.tables.sensors import OTHER_SENSORS
from wearcli.recordings.tables.table import Column

_MEANINGS = (  # by rank: an absolute stamp before an elapsed time before a date
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
        "zeitstempel",
        "datenum",
        "matlabtime",
        "exceltime",
        "serialdate",
    },
    {"time", "times", "recordedat", "sampletime", "timeofday", "utc", "acctime", "loggingtime", "logtime"}
    | {"zeit", "uhrzeit"},
    {"t", "ts", "seconds", "secondselapsed", "elapsed", "elapsedtime", "timeelapsed", "sec", "relativetime"}
    | {"sampletimefine", "timesincestart", "timesincestartin", "timesincereboot", "timesinceboot"}
    | {"millis", "micros", "uptime"},
    {"date"},
)
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "usec", "µs", "μs", "micros", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanosecond", "nanoseconds"), "ns"),
}
# Xsens counts SampleTimeFine in microseconds; Arduino's functions are called millis and micros.
_UNITS_BY_NAME = {"sampletimefine": "us", "millis": "ms", "micros": "us"}
# Words of a stamp that say nothing about whose it is.
_TIME_WORDS = {
    "time",
    "times",
    "timestamp",
    "timestamps",
    "stamp",
    "since",
    "reboot",
    "boot",
    "unix",
    "epoch",
}
# Sensors, beside those of motion, that have stamps of their own in a log.
_OTHERS = (OTHER_SENSORS - {"m", "q"}) | {
    *("gps", "gnss", "location", "heart", "heartrate", "hr", "altimeter", "barometer", "pressure"),
    *("pedometer", "step", "steps", "activity", "battery", "audio", "video", "camera", "frame", "light"),
}
# Stamps of samples, and of when they were written down or came in.
_SAMPLES, _LOG_WORDS = {"sensor", "sample"}, {"logging", "log", "logged", "received", "arrival", "written"}
_OWN, _SIGNAL, _NEUTRAL, _LOG, _OTHER = range(5)


def choose_time(
    columns: Sequence[Column],
    names: Sequence[ColumnName],
    channels: Sequence[int],
    signal: ModalityRecord,
    warnings: list[str],
) -> tuple[int | None, tuple[int, ...]]:
    """Return the time column of a signal, and the columns that may tell its start.

    Args:
        columns: The columns of the table.
        names: Their names as words.
        channels: Positions of the signal's columns.
        signal: The signal.
        warnings: Gets a line where there was a choice.

    Returns:
        The position of the time column, None where there is none; positions of the log's own stamps, where
        the time is the sensor's.
    """
    own_words = frozenset().union(*(names[i].words for i in channels)) - {*AXES}
    ranked = sorted(
        (_owner(names[i], own_words, signal), rank, i)
        for i in range(len(columns))
        if i not in channels and (rank := _rank(columns[i], names[i], own_words | signal.words)) is not None
    )
    moving = [item for item in ranked if not columns[item[2]].empty] or ranked
    if not moving:
        return None, ()
    best = moving[0][0]
    # Texts may be no times.
    usable = [
        i for _, _, _, i in sorted((owner, columns[i].kind == "text", rank, i) for owner, rank, i in moving)
    ]
    chosen = usable[0]
    others = [i for i in usable[1:] if columns[i].kind != "text" or columns[chosen].kind == "text"]
    starts = tuple(i for owner, _, i in moving if best < owner and owner in (_NEUTRAL, _LOG))
    if others:
        listed = quote_names([columns[i] for i in others])
        warnings.append(f"time is from '{columns[chosen].name}', not {listed} (--time-column)")
    if best == _OTHER:
        warnings.append(f"time is from '{columns[chosen].name}', a stamp of another sensor (--time-column)")
    return chosen, starts


def time_unit(name: ColumnName) -> str | None:
    """Return the unit that the name of a time column tells: s, ms, us or ns."""
    if name.unit is not None:
        return _UNITS.get(name.unit.lower())
    by_name = _UNITS_BY_NAME.get("".join(name.words))
    return by_name or (_UNITS.get(name.words[-1]) if len(name.words) > 1 else None)


def _rank(column: Column, name: ColumnName, own_words: frozenset[str]) -> int | None:
    """How surely a column is a time, 0 the surest; None for one that is none."""
    words = name.words
    if len(words) > 1 and words[-1] in _UNITS and name.unit is None:
        words = words[:-1]
    less_own = [word for word in words if word not in own_words]
    for rank, meanings in enumerate(_MEANINGS):
        if not meanings.isdisjoint(("".join(words), "".join(less_own))):
            return rank
        if rank == 0 and "timestamp" in "".join(words):
            return rank
    # An index that pandas saved without a name, for one.
    return len(_MEANINGS) if column.kind in ("stamp", "zoned") else None


def _owner(name: ColumnName, own_words: frozenset[str], signal: ModalityRecord) -> int:
    """Whether a stamp is of the sensor of the columns, of the signal, of nothing, or of another sensor."""
    words = {word.rstrip("0123456789") for word in name.words} - _TIME_WORDS - {*_UNITS}
    others = _OTHERS.union(
        *(record.words - {"a", "g", "w"} for record in MODALITIES.values() if record is not signal)
    )
    if words & own_words:
        return _OWN
    if words & signal.words or words & _SAMPLES:
        return _SIGNAL
    if words & others:
        return _OTHER
    return _LOG if words & _LOG_WORDS else _NEUTRAL
