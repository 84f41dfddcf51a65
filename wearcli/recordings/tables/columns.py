"""Which columns of a table are the time and the signal, told by what their names mean."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from wearcli.errors import InputError
from wearcli.modality import MODALITIES, Modality, ModalityRecord
from wearcli.recordings.tables.channels import find_channels, prefer_channels
from wearcli.recordings.tables.table import Column
from wearcli.recordings.tables.units import normal_unit

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
_NO_GRAVITY = {"linear", "lin", "user", "body"}
_OTHER_SENSORS = {
    *("gyr", "gyro", "gyros", "gyroscope", "angular", "rotation", "rot", "rotationrate", "omega"),
    *("mag", "magn", "magnet", "magnetometer", "magnetic", "magneticfield", "m", "g"),
    *("quat", "quaternion", "q", "euler", "orientation", "attitude", "gravity", "grav", "vel", "velocity"),
    *("pos", "position", "angle", "jerk", "temp"),
}
_GLUED = re.compile(
    r"^(acc|accel|accelerometer|acceleration|a|gyr|gyro|gyroscope|g|mag|magnetometer|m)([xyz])$"
)


class Chosen(NamedTuple):
    """Positions of the columns to read, and what their names tell."""

    time: int | None
    channels: list[int]
    names: tuple[str, ...]  # x, y, z for acceleration
    unit: str | None  # told by the format, or in brackets, as written
    time_unit: str | None  # s, ms, us, ns
    warnings: list[str]


class _Name(NamedTuple):
    tokens: tuple[str, ...]
    bracket: str | None


def choose_columns(
    columns: list[Column],
    modality: Modality,
    where: str,
    named: bool = True,
    time_column: str | None = None,
    channel_columns: Sequence[str] | None = None,
    count: int | None = None,
    bare_leads: bool = False,
) -> Chosen:
    """The time column (if any) and the channels of `modality`; flags (names or 1-based positions) win.

    count: channels of ppg or ecg to take, None for all; where there are more, the warnings name the chosen.
    bare_leads: a column called after a lead alone (II, V5) is ecg. Raises InputError, naming --columns or
    --time-column, when a meaning is missing or in doubt, or there are fewer channels.
    """
    signal = MODALITIES[modality]
    parsed = [_parse(column.name) for column in columns]
    warnings: list[str] = []
    # Columns with a rate of their own need no other to tell their time.
    timed = all(column.rate_hz is None for column in columns)
    time = _find(columns, time_column, where, "--time-column") if time_column and timed else None
    if channel_columns:
        channels = [_find(columns, name, where, "--columns") for name in channel_columns]
    elif not named:
        # Nameless columns have one reading only: an optional first column of time, then the signal.
        width = len(signal.channels) or 1
        if len(columns) not in (width, width + 1):
            needed = len(signal.channels) or count or 1
            raise InputError(
                f"{where}: {len(columns)} columns without names: say which hold the signal, such as "
                f"--columns {','.join(str(i + 2) for i in range(needed))} (and --time-column 1)"
            )
        channels = list(range(len(columns) - width, len(columns)))
        if time is None and len(columns) == width + 1:
            time = 0
    elif signal.channels:
        channels = _triplet(columns, parsed, signal, where, bare_leads)
    else:
        channels = _signals(columns, parsed, signal, where, count, bare_leads, warnings)
    if not signal.channels and count is not None and len(channels) != count:
        has = f"--columns names {len(channels)}" if channel_columns else f"has {len(channels)}"
        raise InputError(
            f"{where}: {has} of {modality} ({_listed([columns[i] for i in channels])}), where the number of "
            f"channels needed is {count}: name as many with --columns, or take a model for {len(channels)}"
        )
    for i in channels:
        if columns[i].kind != "number":
            raise InputError(
                f"{where}: column '{columns[i].name}' does not hold numbers: choose others with --columns"
            )
    if time is None and named and timed:
        time = _time(columns, parsed, channels, warnings)
    if time in channels:
        raise InputError(f"{where}: column '{columns[time].name}' is both time and signal: see --time-column")
    return Chosen(
        time,
        channels,
        signal.channels or tuple(columns[i].name.strip() for i in channels),
        columns[channels[0]].unit or parsed[channels[0]].bracket,
        _time_unit(parsed[time]) if time is not None else None,
        warnings,
    )


def _parse(name: str) -> _Name:
    """Lower-case words of a name, split at camel case too; a unit in brackets or after the axis apart."""
    bracket = re.search(r"[\[(]\s*([^\])]*?)\s*[\])]\s*$", name)
    rest = name[: bracket.start()] if bracket else name
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", rest)
    tokens: list[str] = []
    for token in re.split(r"[^0-9A-Za-zµμ]+", split):
        glued = _GLUED.match(token.lower())
        tokens += [glued[1], glued[2]] if glued else [token.lower()] if token else []
    if bracket is None and len(tokens) > 1 and tokens[-2] in ("x", "y", "z") and normal_unit(tokens[-1]):
        return _Name(tuple(tokens[:-1]), tokens[-1])  # acc_x_mg
    return _Name(tuple(tokens), bracket[1] if bracket else None)


def _find(columns: list[Column], name: str, where: str, flag: str) -> int:
    wanted = name.strip()
    for same in (lambda a, b: a == b, lambda a, b: _squeeze(a) == _squeeze(b)):
        hits = [i for i, column in enumerate(columns) if same(column.name.strip(), wanted)]
        if len(hits) == 1:
            return hits[0]
    if wanted.isdecimal() and 1 <= int(wanted) <= len(columns):
        return int(wanted) - 1
    raise InputError(f"{where}: no column '{wanted}' for {flag}: there are {_listed(columns)}")


def _triplet(
    columns: list[Column], parsed: list[_Name], signal: ModalityRecord, where: str, bare_leads: bool
) -> list[int]:
    groups: dict[tuple[str, ...], dict[str, int]] = {}
    twice: set[tuple[str, ...]] = set()
    for i, name in enumerate(parsed):
        axes = [token for token in name.tokens if token in ("x", "y", "z")]
        if columns[i].kind == "number" and len(axes) == 1:
            rest = tuple(token for token in name.tokens if token not in (axes[0], "axis"))
            group = groups.setdefault((*rest, f"[{name.bracket or ''}]"), {})
            twice |= {rest} if axes[0] in group else set()
            group[axes[0]] = i
    whole = {key[:-1]: group for key, group in groups.items() if len(group) == 3}
    if len({*whole}) < sum(len(group) == 3 for group in groups.values()):
        raise InputError(
            f"{where}: the same axes in several units: choose with --columns from {_listed(columns)}"
        )
    ours = {key: group for key, group in whole.items() if not _OTHER_SENSORS & {*key}}
    with_gravity = {key: group for key, group in ours.items() if not _NO_GRAVITY & {*key}}
    for some in (
        {key: group for key, group in with_gravity.items() if signal.words & {*key}},
        {key: group for key, group in with_gravity.items() if not key},
        with_gravity,
        ours,
    ):
        if len(some) == 1:
            ((key, group),) = some.items()
            if key in twice:
                positions = ",".join(str(group[axis] + 1) for axis in "xyz")
                raise InputError(
                    f"{where}: an axis has several columns of one name: choose by position, as in --columns "
                    f"{positions}"
                )
            return [group[axis] for axis in "xyz"]
        if some:
            choices = " or ".join(",".join(columns[g[axis]].name for axis in "xyz") for g in some.values())
            raise InputError(
                f"{where}: several sensors of {signal.title}: choose one with --columns {choices}"
            )
    words = [name.tokens for name in parsed]
    others = [record for record in MODALITIES.values() if not record.channels]
    there = [record.name for record in others if find_channels(words, record, bare_leads)]
    hint = f" (there is {' and '.join(there)}: --modality {there[0]}, or a model for it)" if there else ""
    raise InputError(
        f"{where}: no columns that mean {signal.title} x, y, z: name them with --columns "
        f"from {_listed(columns)}{hint}"
    )


def _signals(
    columns: list[Column],
    parsed: list[_Name],
    signal: ModalityRecord,
    where: str,
    count: int | None,
    bare_leads: bool,
    warnings: list[str],
) -> list[int]:
    words = [
        name.tokens if column.kind == "number" else () for name, column in zip(parsed, columns, strict=True)
    ]
    hits = find_channels(words, signal, bare_leads)
    if not hits:
        raise InputError(
            f"{where}: no column that means {signal.name}: name it with --columns from {_listed(columns)}"
        )
    if count is None or len(hits) <= count:
        return hits
    taken = prefer_channels(words, hits, signal, count)
    others = [columns[i] for i in hits if i not in taken]
    warnings.append(
        f"{signal.name} is from {_quoted([columns[i] for i in taken])}, not {_quoted(others)} (--columns)"
    )
    return taken


def _time(columns: list[Column], parsed: list[_Name], channels: list[int], warnings: list[str]) -> int | None:
    def rank(i: int) -> int | None:
        words = parsed[i].tokens
        if len(words) > 1 and words[-1] in _TIME_UNITS and parsed[i].bracket is None:
            words = words[:-1]
        for at, names in enumerate(_TIME):
            if "".join(words) in names or (at == 0 and "timestamp" in "".join(words)):
                return at
        # An index that pandas saved without a name, for one.
        return len(_TIME) if columns[i].kind in ("stamp", "zoned") else None

    ranked = sorted((r, i) for i in range(len(columns)) if i not in channels and (r := rank(i)) is not None)
    usable = [i for _, i in ranked if columns[i].kind != "text"] or [i for _, i in ranked]
    if len(usable) > 1:
        others = _quoted([columns[i] for i in usable[1:]])
        warnings.append(f"time is from '{columns[usable[0]].name}', not {others} (--time-column)")
    return usable[0] if usable else None


def _time_unit(name: _Name) -> str | None:
    if name.bracket is not None:
        return _TIME_UNITS.get(name.bracket.lower())
    return _TIME_UNITS.get(name.tokens[-1]) if len(name.tokens) > 1 else None


def _squeeze(name: str) -> str:
    return re.sub(r"[\s_]+", "", name).lower()


def _quoted(columns: list[Column]) -> str:
    return ", ".join(f"'{column.name}'" for column in columns)


def _listed(columns: list[Column], most: int = 12) -> str:
    names = ", ".join(column.name.strip() for column in columns[:most])
    return names + (", ..." if len(columns) > most else "")
