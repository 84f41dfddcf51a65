"""Which three columns of a table are the axes of a sensor of motion, told by their names."""

from collections.abc import Sequence
from pathlib import PurePath

from wearcli.errors import InputError
from wearcli.modality import MODALITIES, ModalityRecord, signal_in_name
from wearcli.recordings.tables.channels import find_channels
from wearcli.recordings.tables.names import AXES, ColumnName, list_names
from wearcli.recordings.tables.table import Column

Words = tuple[str, ...]
Axes = dict[str, int]  # from an axis to the position of its column

# Acceleration without the part of gravity.
_NO_GRAVITY = {"linear", "lin", "user", "body"}
# Sensors and quantities that no record has.
_OTHER_SENSORS = {
    *("mag", "magn", "magnet", "magnetometer", "magnetic", "magneticfield", "m"),
    *("quat", "quaternion", "q", "euler", "orientation", "attitude", "gravity", "grav"),
    *("pos", "position", "angle", "jerk", "temp", "vector", "bias", "offset"),
}


def choose_axes(
    columns: Sequence[Column],
    names: Sequence[ColumnName],
    signal: ModalityRecord,
    file_name: str,
    bare_leads: bool,
) -> list[int]:
    """Return the positions of the columns of x, y and z of a signal.

    Args:
        columns: The columns of the table.
        names: Their names as words.
        signal: The signal, which has axes.
        file_name: Name of the file, which may tell whose axes columns without a word are.
        bare_leads: Whether a column called after a lead alone is an ECG; for the hint of an error.

    Raises:
        InputError: No three columns mean the signal, or several do. The message names `--columns`.
    """
    groups, several_units, repeated = _groups(columns, names)
    if several_units:
        raise InputError(
            f"{file_name}: the same axes in several units: choose with --columns from {list_names(columns)}"
        )
    for candidates in _tiers(groups, signal, unnamed_axes(signal, file_name)):
        if len(candidates) == 1:
            ((key, group),) = candidates.items()
            positions = [group[axis] for axis in AXES]
            if key in repeated:
                raise InputError(
                    f"{file_name}: an axis has several columns of one name: choose by position, as in "
                    f"--columns {','.join(str(position + 1) for position in positions)}"
                )
            return positions
        if candidates:
            choices = (",".join(columns[g[axis]].name for axis in AXES) for g in candidates.values())
            raise InputError(
                f"{file_name}: several sensors of {signal.title}: choose one with --columns "
                f"{' or '.join(choices)}"
            )
    raise InputError(
        f"{file_name}: no columns that mean {signal.title} x, y, z: name them with --columns from "
        f"{list_names(columns)}{_hint(groups, names, signal, file_name, bare_leads)}"
    )


def unnamed_axes(signal: ModalityRecord, file_name: str) -> bool:
    """Return whether columns without a word for it may be the axes of a signal, in a file of this name."""
    named = MODALITIES.get(signal_in_name(PurePath(file_name).name) or "")
    return named is signal or (signal.unnamed and not (named and named.channels))


def _groups(
    columns: Sequence[Column], names: Sequence[ColumnName]
) -> tuple[dict[Words, Axes], bool, set[Words]]:
    """The whole triples by their words; whether some come in several units; words with an axis twice."""
    groups: dict[tuple[Words, str], Axes] = {}
    repeated: set[Words] = set()
    for position, (column, name) in enumerate(zip(columns, names, strict=True)):
        if column.kind == "number" and (axis := name.axis) is not None:
            words = tuple(word for word in name.words if word not in (axis, "axis"))
            group = groups.setdefault((words, name.unit or ""), {})
            if axis in group:
                repeated.add(words)
            group[axis] = position
    whole = [(words, group) for (words, _), group in groups.items() if len(group) == len(AXES)]
    return dict(whole), len(dict(whole)) < len(whole), repeated


def _tiers(groups: dict[Words, Axes], signal: ModalityRecord, unnamed: bool) -> list[dict[Words, Axes]]:
    """The triples that may be the signal, the likeliest first."""
    others = set(_OTHER_SENSORS).union(
        *(record.words | record.near_words for record in MODALITIES.values() if record is not signal)
    )
    ours = {key: group for key, group in groups.items() if not (others - signal.words) & {*key}}
    whole = {key: group for key, group in ours.items() if not (signal.gravity and _NO_GRAVITY & {*key})}
    tiers = [{key: group for key, group in whole.items() if signal.words & {*key}}]
    if unnamed:
        tiers += [{key: group for key, group in whole.items() if not key}, whole, ours]
    return tiers


def _hint(
    groups: dict[Words, Axes],
    names: Sequence[ColumnName],
    signal: ModalityRecord,
    file_name: str,
    bare_leads: bool,
) -> str:
    """The other signals that the columns hold, in words."""
    words = [name.words for name in names]
    present = []
    for record in MODALITIES.values():
        if record is signal:
            continue
        if record.channels:
            tiers = _tiers(groups, record, unnamed_axes(record, file_name))
            there = any(len(tier) == 1 for tier in tiers)
        else:
            there = bool(find_channels(words, record, bare_leads))
        present += [record.name] if there else []
    if not present:
        return ""
    return f" (there is {' and '.join(present)}: --modality {present[0]}, or a model for it)"
