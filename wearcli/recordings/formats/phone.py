"""Recordings of phone apps (Sensor Logger, phyphox): a folder or a zip with a file a sensor."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from wearcli.errors import InputError
from wearcli.modality import Modality
from wearcli.recordings.formats.bundle import Bundle, find_bundle, folders_in_zip, zip_around
from wearcli.recordings.formats.damage import not_readable, not_to_its_end
from wearcli.recordings.formats.delimited import read_numbers
from wearcli.recordings.formats.format import FolderLayout, Format
from wearcli.recordings.formats.layout import recognise_layout
from wearcli.recordings.formats.phone_clock import ELAPSED, metadata, noted_epoch
from wearcli.recordings.formats.phone_files import (
    HEADER_BYTES,
    MARKS,
    OTHERS,
    RAW_DATA,
    WRIST,
    App,
    Choice,
    accelerations,
    app_by_header,
    choose_files,
    first_line,
    is_sensor_file,
    says_sensor_alone,
    text_line,
)
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source
from wearcli.recordings.tables.beside import with_gravity_beside
from wearcli.recordings.tables.columns import choose_columns
from wearcli.recordings.tables.names import AXES, parse_name
from wearcli.recordings.tables.sensors import WITHOUT_GRAVITY, file_words
from wearcli.recordings.tables.table import ARCHIVE_ERRORS, Batch, Column, Table
from wearcli.recordings.tables.tabular import open_table

_HEAD_BYTES, _LONGEST_HEADER = 2**18, 2**12
_UNITS: dict[str, str] = {"acc": "m/s2", "gyro": "rad/s"}  # of Sensor Logger's x, y and z


def open_phone(source: Source, reading: Reading, file_name: str) -> Recording:
    """Return one signal of a recording of a phone app.

    Raises:
        InputError: It cannot be read, does not hold the signal, or only acceleration without gravity.
    """
    try:
        bundle = find_bundle(source.path)
        app = None if bundle is None else recognise_app(bundle)
    except ARCHIVE_ERRORS as error:
        raise not_readable(file_name, "zip", error) from None
    if bundle is None or app is None:
        raise InputError(f"{file_name}: no recording of a phone app is in it: copy it again")
    choice = choose_files(_filled(bundle, file_name), reading.modality, app)
    if choice is None:
        listed = ", ".join(sorted(name for name in bundle.names if "/" not in name))
        raise InputError(
            f"{file_name}: no file in it is of {reading.modality} (there are {listed}): "
            "take another --modality"
        )
    table = _table(bundle, choice, reading.modality, app, file_name)
    table.warnings += [
        f"{name} holds the same signal of another device and is left out: name the file to read it"
        for name in choice.left
    ]
    # The apps tell columns, unit and time themselves.
    own = reading if app is App.OTHER else Reading(reading.modality, channels=reading.channels)
    if app is App.SENSOR_LOGGER and any(column.name == "time" for column in table.columns):
        own = replace(own, time_column="time")
    return open_table(source, table, own, f"{file_name}/{bundle.shown(choice.main)}")


def _filled(bundle: Bundle, file_name: str) -> list[str]:
    """The files but for those of sensors that were off, which hold a header alone."""
    filled = []
    for name in bundle.names:
        if is_sensor_file(name):
            try:
                with bundle.opened(name) as stream:
                    head = stream.read(_LONGEST_HEADER)
            except ARCHIVE_ERRORS as error:
                raise not_readable(f"{file_name}/{bundle.shown(name)}", "text file", error) from None
            if len(head.strip().splitlines()) < 2:
                continue
        filled.append(name)
    return filled


def recognise_app(bundle: Bundle) -> App | None:
    """Return the app that wrote some files; None where they are no recording of a phone app."""
    sensors = [name for name in bundle.names if is_sensor_file(name) or name in (RAW_DATA, WRIST)]
    for name in sensors:
        with bundle.opened(name) as stream:
            head = stream.read(HEADER_BYTES)
        app = app_by_header(text_line(head))
        if app is not App.OTHER:
            return app
    # Two files of acceleration alone are surely of one recording.
    return App.OTHER if len(accelerations(sensors)) > 1 else None


def recordings_in(path: Path) -> list[Path]:
    """Return the recordings in a zip: itself, or folders within it (`study.zip/P01`); of a folder itself."""
    if path.is_dir():
        return [path]
    folders = [Path(folder) for folder in folders_in_zip(path)]
    inside = [path / folder for folder in folders]
    return [one for one in inside if (bundle := find_bundle(one)) is not None and recognise_app(bundle)]


def _table(bundle: Bundle, choice: Choice, modality: Modality, app: App, file_name: str) -> Table:
    """The table of a signal, with gravity's columns behind it where they lie in a file of their own."""
    named = not WITHOUT_GRAVITY.isdisjoint(file_words(choice.main))
    label = " without gravity" if choice.without_gravity and not named else ""
    table = _own_table(bundle, choice.main, label, modality, app, file_name)
    table.facts |= {"app": app.value, "file": bundle.shown(choice.main), **metadata(bundle, app)}
    if choice.gravity is None:
        return table
    gravity = _own_table(bundle, choice.gravity, "", modality, app, file_name)
    time = choose_columns(table.columns, modality, choice.main).time
    if time is None:
        return table
    names = [column.name for column in gravity.columns]
    axes = {
        name.axis: j for j, column in enumerate(gravity.columns) if (name := parse_name(column.name)).axis
    }
    beside = names.index(table.columns[time].name) if table.columns[time].name in names else None
    if beside is None or len(axes) != len(AXES) or table.columns[time].kind == "text":
        return table
    return with_gravity_beside(table, gravity, (time, beside), [axes[axis] for axis in AXES])


def _own_table(bundle: Bundle, name: str, label: str, modality: Modality, app: App, file_name: str) -> Table:
    """The table of one file; its axes are called after the file and a label."""
    shown = f"{file_name}/{bundle.shown(name)}"
    try:
        with bundle.opened(name) as stream:
            head = stream.read(_HEAD_BYTES)
        layout = recognise_layout(head, len(head) < _HEAD_BYTES, shown)
        epoch = noted_epoch(bundle, app)
    except ARCHIVE_ERRORS as error:
        raise not_readable(shown, "text file", error) from None

    def stream_rows(time: int | None, channels: list[int]) -> Iterator[Batch]:
        elapsed = time is not None and layout.columns[time].name.lower() in ELAPSED
        try:
            with bundle.opened(name) as content:
                for batch in read_numbers(content, shown, layout, time, channels, table.warnings):
                    if elapsed and epoch is not None and isinstance(batch.time, np.ndarray):
                        yield batch._replace(time=epoch.seconds(batch.time))
                    else:
                        yield batch
        except ARCHIVE_ERRORS as error:
            raise not_to_its_end(shown, error) from None

    # Uncalibrated acceleration is in g on iOS and in m/s2 on Android.
    sure = app is App.SENSOR_LOGGER and not (modality == "acc" and "uncalibrated" in name)
    unit = _UNITS.get(modality) if sure else None
    stem = bundle.shown(name).split(".")[0] + label
    columns = [_called(column, stem, unit) for column in layout.columns]
    table = Table(columns, stream_rows, layout.named, warnings=list(layout.notes))
    return table


def _called(column: Column, stem: str, unit: str | None) -> Column:
    """A column of an axis alone with its file's name, and a unit that the app always writes."""
    words = parse_name(column.name).words
    if words in (("x",), ("y",), ("z",)):
        return column._replace(name=f"{stem} {column.name.strip()}", unit=unit)
    return column._replace(unit=_UNITS["gyro"]) if "rotationrate" in words and unit else column


def _is_phone_folder(folder: Path) -> bool:
    bundle = find_bundle(folder)
    return bundle is not None and recognise_app(bundle) is not None


def _is_phone_zip(path: Path) -> bool:
    try:
        return bool(recordings_in(path))
    except ARCHIVE_ERRORS:
        return False


def _is_part(path: Path) -> bool:
    """Whether a file in a recording's folder is a part of it, by its name or its first line."""
    return says_sensor_alone(path.name) or app_by_header(first_line(path)) is not App.OTHER


FORMAT = Format(
    "phone",
    "Sensor Logger or phyphox folder or .zip",
    (".zip",),
    read_recording=open_phone,
    modalities=("acc", "gyro"),
    accepts=_is_phone_zip,
    files_behind=lambda path: [path if path.is_dir() else zip_around(path) or path],
    recordings=recordings_in,
    folder=FolderLayout(marks=MARKS, others=OTHERS, recognise=_is_phone_folder, belongs=_is_part),
)
