"""Files of other sensors beside the one of a signal, by their names: `P01_gyro.csv` beside `P01_acc.csv`."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from wearcli.modality import MODALITIES, Modality
from wearcli.recordings.formats.phone_files import App, app_by_header, first_line
from wearcli.recordings.study.naming import RecordingFile
from wearcli.recordings.study.participants import file_stem
from wearcli.recordings.tables.sensors import (
    UNCALIBRATED,
    WITH_GRAVITY,
    WITHOUT_GRAVITY,
    file_words,
    split_words,
)

Item = TypeVar("Item")


def without_other_sensors(
    items: Sequence[tuple[Item, RecordingFile]], modality: Modality
) -> tuple[list[tuple[Item, RecordingFile]], list[str]]:
    """Return the files without those of other sensors, and of accelerations that have a better copy.

    A file is left out if one of the same name but for the sensor lies beside it that is of the signal by its
    name, and if its own columns are not. recordings.csv keeps what it names.

    Args:
        items: What goes with each file, and the file.
        modality: The signal.

    Returns:
        The items that are kept, and a note on the others.
    """
    beside: dict[object, list[int]] = defaultdict(list)
    keys = [_key(item) for _, item in items]
    signal_words = {*MODALITIES[modality].file_words} | ({"acceleration"} if modality == "acc" else set())
    for position, (key, words) in enumerate(keys):
        if words & signal_words:
            beside[key].append(position)
    quality = {
        position: _quality(items[position][1].path, keys[position][1])
        for rivals in beside.values()
        if len(rivals) > 1
        for position in rivals
    }
    kept, left = [], []
    for position, ((thing, item), (key, words)) in enumerate(zip(items, keys, strict=True)):
        rivals = beside.get(key, [])
        copy = position in quality and any(quality[rival] > quality[position] for rival in rivals)
        other = bool(words) and not words & signal_words and bool(rivals)
        if item.entry is None and (copy or (other and not item.format.holds(item.path, modality))):
            left.append(item)
        else:
            kept.append((thing, item))
    if not left:
        return kept, []
    files = "1 file of another sensor" if len(left) == 1 else f"{len(left)} files of other sensors"
    return kept, [f"{files} beside {MODALITIES[modality].title}, such as {left[0].below}: left out"]


def _key(item: RecordingFile) -> tuple[object, frozenset[str]]:
    """The folder of a file and its name less the sensor, and the words of the sensor; none of a folder."""
    if item.path.is_dir() or not item.format.fits(item.path):
        return item.path, frozenset()
    words = frozenset(file_words(item.path.name))
    rest = tuple(word for word in split_words(file_stem(item.path.name)) if word not in words)
    return (item.path.parent, rest), words


def _quality(path: Path, words: frozenset[str]) -> int:
    """How sure it is that an acceleration has gravity in it, and is calibrated, by its name."""
    if words & WITHOUT_GRAVITY:
        return 0
    if words & WITH_GRAVITY:
        return 3
    if words & UNCALIBRATED:
        return 1
    return 0 if app_by_header(first_line(path)) is App.SENSOR_LOGGER else 2
