"""Open a recording of any format."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from wearcli.errors import InputError, UsageError
from wearcli.files import is_special
from wearcli.recordings.formats.registry import FORMATS
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Chunk, Recording, Source
from wearcli.recordings.tables.clock import check_rate

_LOG = logging.getLogger(__name__)
_YEARS = range(1900, 2200)
_YEAR_S = 365.25 * 86400
LONGEST_S = 100 * _YEAR_S


def open_recording(source: Source, reading: Reading | None = None) -> Recording:
    """Open one signal of a recording: its head is read, the rest is streamed by `Recording.chunks()`.

    Args:
        source: Which file, of whom.
        reading: Which signal, and how to read the file where it does not tell; see `Reading`.

    Returns:
        The recording, in g where it is acceleration.

    Raises:
        InputError: The file cannot be read, or is in doubt; one line with the file's name and, in doubt, the
            option to settle it with.
        UsageError: The reading is none that any file could take.

    Example:
        >>> folder = find_recordings([Path("recordings")])
        >>> recording = open_recording(folder.sources[0], Reading(unit="g"))
        >>> recording.rate_hz
        50.0
    """
    reading = reading or Reading()
    reading.check()
    if source.rate_hz is not None:
        reading = replace(reading, rate_hz=None)
    if source.reading is not None:
        reading = reading.with_own(source.reading)
        try:
            reading.check()
        except UsageError as error:
            raise InputError(f"{source.path}: its row of recordings.csv: {error}") from None
    file_name = str(source.path)
    if source.path.is_symlink() and not source.path.exists():
        # Such as git-annex leaves for what was not downloaded.
        raise InputError(
            f"{file_name}: a link to a file that is not here: fetch it ('git annex get', for one)"
        )
    if source.format not in FORMATS:
        raise InputError(f"{file_name}: unknown format '{source.format}': one of {', '.join(FORMATS)}")
    if not FORMATS[source.format].files_behind(source.path)[0].exists():
        raise InputError(f"{file_name}: no such file")
    if is_special(source.path):
        raise InputError(f"{file_name}: no regular file but a pipe, a device or a socket: take it away")
    recording = FORMATS[source.format].open(source, reading, file_name)
    _check_clock(recording, file_name)
    _LOG.info("%s: %s", file_name, _description(recording))
    return recording


def _check_clock(recording: Recording, file_name: str) -> None:
    """Hold rate, start and time of a recording to what a sensor has, whatever its format says."""
    check_rate(recording.rate_hz, file_name)
    if recording.start is not None and recording.start.year not in _YEARS:
        recording.warnings.append(
            f"its clock begins in the year {recording.start.year}, which is no time of a recording: its "
            "start is taken as unknown"
        )
        recording.start = None
    chunks = recording.stream

    def checked() -> Iterator[Chunk]:
        for chunk in chunks():
            if len(chunk.time) and not np.nanmax(np.abs(chunk.time), initial=0.0) <= LONGEST_S:
                raise InputError(
                    f"{file_name}: its time goes on for more than {LONGEST_S / _YEAR_S:.0f} years: say its "
                    "unit with --time-unit, or name another column with --time-column"
                )
            yield chunk

    recording.stream = checked


def _description(recording: Recording) -> str:
    """Say how a file was understood, for the log."""
    start = "start unknown" if recording.start is None else f"starts {recording.start.isoformat()}"
    return (
        f"{recording.source.format}, {', '.join(recording.channels)} at {recording.rate_hz:g} Hz, {start}, "
        f"unit: {recording.unit_how}, participant {recording.source.participant}"
    )
