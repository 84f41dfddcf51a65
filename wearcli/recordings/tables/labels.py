"""Tables with the rows of several sensors, where a column tells the sensor of each row."""

from collections.abc import Sequence

from wearcli.errors import InputError
from wearcli.modality import MODALITIES, ModalityRecord
from wearcli.recordings.tables.scales import normal_unit
from wearcli.recordings.tables.sensors import (
    GRAVITY,
    OTHER_SENSORS,
    WITH_GRAVITY,
    WITHOUT_GRAVITY,
    split_words,
)
from wearcli.recordings.tables.table import Column

# Position of a column, and what it holds in the rows of a signal; None where it holds a number.
RowLabel = tuple[int, str | None]

# Names of columns that tell the sensor, and sensors beside those of the records.
_NAMES = {"sensor", "sensortype", "sensorname", "type", "kind", "source", "signal", "stream", "name"}
# Of numbers, these.
_NUMBERED = {"sensor", "sensortype", "sensorid", "sensornumber", "sensorno", "deviceid"}
_SENSORS = GRAVITY | {"mag", "magnetometer", "magneticfield", "orientation", "rotationvector"}


def several_numbers(file_name: str, name: str, numbers: Sequence[float]) -> InputError:
    """Return the error for rows of several sensors that a column tells by numbers."""
    listed = ", ".join(f"{number:g}" for number in numbers[:5])
    more = ", ..." if len(numbers) > 5 else ""
    return InputError(
        f"{file_name}: its rows are of several sensors ({listed}{more} in column '{name}'): write each to a "
        "file of its own"
    )


def tells_sensors(name: str) -> bool:
    """Return whether a column of texts is called so that it may tell the sensor of each row."""
    return "".join(split_words(name)) in _NAMES


def row_label(columns: Sequence[Column], signal: ModalityRecord, file_name: str) -> RowLabel | None:
    """Return the column that tells the sensor of each row, and its text in the rows of a signal.

    Returns:
        Position and text, which is None where the column holds numbers: all rows must have the same one.
        None where no column tells sensors, or where the signal has no axes.

    Raises:
        InputError: No row or the rows of several sensors are of the signal.
    """
    if not signal.channels:
        return None
    numbered: tuple[int, None] | None = None
    for position, column in enumerate(columns):
        name = "".join(split_words(column.name))
        if column.kind == "number" and name in _NUMBERED:
            numbered = numbered or (position, None)
        if column.kind != "text" or name not in _NAMES:
            continue
        sensors = {text: sensor for text in column.texts if (sensor := _sensor(text))}
        if not sensors:
            continue
        fitting = _fitting(sensors, signal)
        if len(fitting) == 1:
            return position, fitting[0]
        listed = ", ".join(fitting or sensors)
        if fitting:
            raise InputError(
                f"{file_name}: rows of several sensors of {signal.title} ({listed} in column "
                f"'{column.name}'): write each to a file of its own"
            )
        raise InputError(
            f"{file_name}: column '{column.name}' has no rows of {signal.title}, only of {listed}: "
            "take another --modality"
        )
    return numbered


def _sensor(text: str) -> frozenset[str]:
    """The words of a text that names a sensor; none where it names none. Single letters may be anything."""
    words = split_words(text)
    if len(words) > 1 and normal_unit(words[-1]):
        words = words[:-1]  # accel_g, gyro_dps
    sensors = _SENSORS.union(*(record.words for record in MODALITIES.values()))
    return frozenset(words) if any(len(word) > 1 and word in sensors for word in words) else frozenset()


def _fitting(sensors: dict[str, frozenset[str]], signal: ModalityRecord) -> list[str]:
    """The texts that mean a signal; of acceleration those with gravity, where there are any."""
    others = OTHER_SENSORS.union(*(r.words | r.near_words for r in MODALITIES.values() if r is not signal))
    ours = {text: words for text, words in sensors.items() if words & signal.words and not words & others}
    whole = [text for text, words in ours.items() if not (signal.gravity and words & WITHOUT_GRAVITY)]
    total = [text for text in whole if ours[text] & WITH_GRAVITY]
    return total or whole or list(ours)
