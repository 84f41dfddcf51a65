"""Which file of a phone app's recording holds what: of Sensor Logger, phyphox, and others."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from wearcli.modality import Modality
from wearcli.recordings.formats.delimited import open_bytes
from wearcli.recordings.tables.sensors import (
    GRAVITY,
    UNCALIBRATED,
    WITH_GRAVITY,
    WITHOUT_GRAVITY,
    file_words,
    split_words,
)


class App(StrEnum):
    """Who wrote the files."""

    SENSOR_LOGGER = "Sensor Logger"
    PHYPHOX = "phyphox"
    OTHER = "an app with a file a sensor"


class Choice(NamedTuple):
    """The files that hold a signal.

    Attributes:
        main: Name of the file of the signal.
        gravity: Name of the file of gravity beside it, where its own may be without.
        without_gravity: Whether the app writes this acceleration without gravity.
        left: Names of files of the same signal of another device, which are not read.
    """

    main: str
    gravity: str | None = None
    without_gravity: bool = False
    left: tuple[str, ...] = ()


HEADER_BYTES = 400
# Several sensors in one file, by the names of its columns.
RAW_DATA = "raw data.csv"
WRIST = "wristmotion.csv"
# Files of an app that mark its folder, in the spellings that are seen, and what else it writes.
_MARKS = (
    *("accelerometer", "acceleration", "total acceleration", "linear acceleration", "linear accelerometer"),
    *("user acceleration", "gravity", "gyroscope", "accelerometer uncalibrated", "gyroscope uncalibrated"),
    *("watch accelerometer", "watch total acceleration", "watch gravity", "watch gyroscope", "raw data"),
)
MARKS = frozenset(
    ("metadata.csv", *(f"{mark.replace(' ', gap)}.csv" for mark in _MARKS for gap in ("", " ", "_", "-")))
)
OTHERS = frozenset(("annotation.csv", "studymetadata.csv", WRIST))
_MOTION = {"acc", "accel", "accelerometer", "acceleration"}
_ROTATION = {"gyr", "gyro", "gyroscope"}


def app_by_header(header: str) -> App:
    """Return the app whose files begin with a line of names."""
    names = [
        name.strip().strip('"').lower() for name in header.replace(";", ",").replace("\t", ",").split(",")
    ]
    if "seconds_elapsed" in names:
        return App.SENSOR_LOGGER
    return App.PHYPHOX if names[0] == "time (s)" else App.OTHER


def first_line(path: Path) -> str:
    """Return the first line of a text file, as far as it tells the app; "" where it cannot be read."""
    try:
        with open_bytes(path) as stream:
            return text_line(stream.read(HEADER_BYTES))
    except OSError:
        return ""


def text_line(head: bytes) -> str:
    """Return the first line of a text by its first bytes."""
    return head.decode("utf-8-sig", errors="replace").split("\n")[0]


def is_sensor_file(name: str) -> bool:
    """Return whether a file is called after a sensor of motion alone: `linear accelerometer.csv`."""
    return says_sensor_alone(name) and bool(frozenset(file_words(name)) & (_MOTION | _ROTATION | GRAVITY))


def says_sensor_alone(name: str) -> bool:
    """Return whether a file is called after a sensor and nothing else: `magnetometer.csv`."""
    words = frozenset(split_words(name.lower().removesuffix(".gz").removesuffix(".csv"))) - {"watch"}
    return bool(words) and words == frozenset(file_words(name.lower()))


def accelerations(names: Iterable[str]) -> set[str]:
    """Return the files called as an app would that hold acceleration, with or without gravity, or gravity."""
    return {name for name in names if name in MARKS and frozenset(file_words(name)) & (_MOTION | GRAVITY)}


def choose_files(names: Iterable[str], modality: Modality, app: App) -> Choice | None:
    """Return the files of a signal; None where there are none.

    Acceleration with gravity goes before acceleration with gravity beside it, that before uncalibrated
    acceleration, and the phone before a watch.

    Args:
        names: Names of all files of the recording in lower case.
        modality: The signal.
        app: Who wrote them.
    """
    names = set(names)
    sensors = sorted(name for name in names if is_sensor_file(name))
    devices = [[name for name in sensors if name.startswith("watch") == watch] for watch in (False, True)]
    choose = _acceleration if modality == "acc" else _rotation
    choices = (
        [choice for files in devices if (choice := choose(files, app))] if modality in ("acc", "gyro") else []
    )
    choices += [Choice(name) for name in (RAW_DATA, WRIST) if name in names]
    if not choices:
        return None
    # A signal that has no gravity beside it is not taken where another one is whole.
    best = next((choice for choice in choices if not choice.without_gravity or choice.gravity), choices[0])
    left = tuple(choice.main for choice in choices if choice is not best)
    return best._replace(left=left)


def _acceleration(files: list[str], app: App) -> Choice | None:
    words = {name: frozenset(file_words(name)) for name in files}
    gravity = next((name for name in files if words[name] & GRAVITY), None)
    motion = [name for name in files if words[name] & _MOTION]
    total = [name for name in motion if words[name] & WITH_GRAVITY]
    plain = [name for name in motion if not words[name] & (WITH_GRAVITY | WITHOUT_GRAVITY | UNCALIBRATED)]
    without = [name for name in motion if words[name] & WITHOUT_GRAVITY]
    raw = [name for name in motion if words[name] & UNCALIBRATED]
    if app is App.SENSOR_LOGGER:
        plain, without = [], [*plain, *without]
    if total or plain:
        return Choice((total or plain)[0], None if total else gravity)
    if without and (gravity or not raw):
        return Choice(without[0], gravity, without_gravity=True)
    return Choice(raw[0], gravity) if raw else None


def _rotation(files: list[str], app: App) -> Choice | None:
    words = {name: frozenset(file_words(name)) for name in files}
    turning = [name for name in files if words[name] & _ROTATION]
    turning.sort(key=lambda name: bool(words[name] & UNCALIBRATED))
    return Choice(turning[0]) if turning else None
