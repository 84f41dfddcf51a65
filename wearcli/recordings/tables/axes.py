"""Which three columns of a table are the axes of a sensor of motion, recognised by their names."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from wearcli.errors import InputError
from wearcli.modality import MODALITIES, ModalityRecord
from wearcli.recordings.tables.channels import find_channels
from wearcli.recordings.tables.names import AXES, ColumnName, list_names
from wearcli.recordings.tables.sensors import (
    GRAVITY,
    OTHER_SENSORS,
    UNCALIBRATED,
    WITH_GRAVITY,
    WITHOUT_GRAVITY,
    Words,
    file_words,
    says_sensor,
)
from wearcli.recordings.tables.table import Column

Axes = dict[str, int]  # from an axis to the position of its column


class AxesChoice(NamedTuple):
    """The columns of a signal with axes.

    Attributes:
        channels: Positions of x, y and z.
        gravity: Positions of x, y and z of gravity, where it has columns of its own.
        without_gravity: Whether the names say that gravity is not in the channels.
        notes: What was chosen where there was a choice.
    """

    channels: list[int]
    gravity: list[int] | None
    without_gravity: bool
    notes: list[str]


def choose_axes(
    columns: Sequence[Column],
    names: Sequence[ColumnName],
    signal: ModalityRecord,
    file_name: str,
    bare_leads: bool,
    labelled: bool = False,
) -> AxesChoice:
    """Return the columns of x, y and z of a signal.

    Args:
        columns: The columns of the table.
        names: Their names as words.
        signal: The signal, which has axes.
        file_name: Name of the file, which may tell whose axes columns without a word are.
        bare_leads: Whether a column called after a lead alone is an ECG; for the hint of an error.
        labelled: Whether each row says that it is of the signal, so that its columns need no word.

    Raises:
        InputError: No three columns mean the signal, or several do. The message names `--columns`.
    """
    groups, several_units, repeated = _groups(columns, names)
    if several_units:
        raise InputError(
            f"{file_name}: the same axes in several units: choose with --columns from {list_names(columns)}"
        )
    meanings = {key: _meaning(key, () if labelled else file_words(file_name)) for key in groups}
    for candidates in _tiers(groups, meanings, signal, labelled or unnamed_axes(signal, file_name)):
        chosen = _preferred(candidates, meanings, signal)
        if len(chosen) == 1:
            ((key, group),) = chosen.items()
            positions = [group[axis] for axis in AXES]
            if key in repeated:
                raise InputError(
                    f"{file_name}: an axis has several columns of one name: choose by position, as in "
                    f"--columns {','.join(str(position + 1) for position in positions)}"
                )
            others = [other for other in candidates.values() if other is not group]
            notes = [
                f"{signal.title} is from {axes_in_words(columns, positions)}, not "
                f"{' and '.join(axes_in_words(columns, [other[axis] for axis in AXES]) for other in others)} "
                "(--columns)"
            ]
            gravity = _gravity_beside(key, groups, meanings) if signal.gravity else None
            without = signal.gravity and not WITHOUT_GRAVITY.isdisjoint(meanings[key])
            return AxesChoice(positions, gravity, without, notes if others else [])
        if chosen:
            choices = (axes_in_words(columns, [g[axis] for axis in AXES]) for g in chosen.values())
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
    words = {*file_words(file_name)}
    named = [record for record in MODALITIES.values() if record.channels and record.words & words]
    if not OTHER_SENSORS.isdisjoint(words):
        return False
    return named == [signal] or (signal.unnamed and not named)


def axes_in_words(columns: Sequence[Column], positions: Sequence[int]) -> str:
    """Return columns in a message as --columns takes them."""
    return ",".join(columns[position].name.strip() for position in positions)


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
    # A sensor that was off leaves its columns empty.
    filled = [item for item in whole if not all(columns[position].empty for position in item[1].values())]
    whole = filled or whole
    return dict(whole), len(dict(whole)) < len(whole), repeated


def _meaning(key: Words, from_file: Words) -> frozenset[str]:
    """The words of a triple; those of the file's name too where its own are of no sensor."""
    return frozenset(key if says_sensor(key) else (*key, *from_file))


def _tiers(
    groups: dict[Words, Axes], meanings: Mapping[Words, frozenset[str]], signal: ModalityRecord, unnamed: bool
) -> list[dict[Words, Axes]]:
    """The triples that may be the signal, the likeliest first."""
    others = set(OTHER_SENSORS).union(
        *(record.words | record.near_words for record in MODALITIES.values() if record is not signal)
    )
    ours = {key: group for key, group in groups.items() if not (others - signal.words) & meanings[key]}
    whole = {
        key: group for key, group in ours.items() if not (signal.gravity and WITHOUT_GRAVITY & meanings[key])
    }
    words = signal.words | ({"gforce"} if signal.gravity else set())
    tiers = [{key: group for key, group in whole.items() if words & meanings[key]}]
    if unnamed:
        tiers += [{key: group for key, group in whole.items() if not key}, whole, ours]
    return tiers


def _preferred(
    candidates: dict[Words, Axes], meanings: Mapping[Words, frozenset[str]], signal: ModalityRecord
) -> dict[Words, Axes]:
    """Of several triples those that say that gravity is in them, then those that are calibrated."""
    total = {key: group for key, group in candidates.items() if WITH_GRAVITY & meanings[key]}
    chosen = total if signal.gravity and total else candidates
    return {key: group for key, group in chosen.items() if not UNCALIBRATED & meanings[key]} or chosen


def _gravity_beside(
    key: Words, groups: dict[Words, Axes], meanings: Mapping[Words, frozenset[str]]
) -> list[int] | None:
    """The columns of gravity that go with a triple: of the same device, or the only ones."""
    if not WITH_GRAVITY.isdisjoint(meanings[key]):
        return None
    beside = {other: group for other, group in groups.items() if GRAVITY & meanings[other]}
    same = [group for other, group in beside.items() if _device(other) == _device(key)]
    fitting = same or list(beside.values())
    return [fitting[0][axis] for axis in AXES] if len(fitting) == 1 else None


def _device(key: Words) -> frozenset[str]:
    """The words of a triple that are of no sensor: wrist, motion."""
    return frozenset(word for word in key if not says_sensor([word]))


def _hint(
    groups: dict[Words, Axes],
    names: Sequence[ColumnName],
    signal: ModalityRecord,
    file_name: str,
    bare_leads: bool,
) -> str:
    """The other signals that the columns hold, in words."""
    words = [name.words for name in names]
    meanings = {key: _meaning(key, file_words(file_name)) for key in groups}
    present = []
    for record in MODALITIES.values():
        if record is signal:
            continue
        if record.channels:
            tiers = _tiers(groups, meanings, record, unnamed_axes(record, file_name))
            there = any(len(tier) == 1 for tier in tiers)
        else:
            there = bool(find_channels(words, record, bare_leads))
        present += [record.name] if there else []
    if not present:
        return ""
    return f" (there is {' and '.join(present)}: --modality {present[0]}, or a model for it)"
