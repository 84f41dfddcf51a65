"""Open a recording of any format."""

import logging

from wearcli.errors import InputError
from wearcli.files import is_special
from wearcli.recordings.formats.registry import FORMATS
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source

_LOG = logging.getLogger(__name__)


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
    file_name = str(source.path)
    if source.path.is_symlink() and not source.path.exists():
        # Such as git-annex leaves for what was not downloaded.
        raise InputError(
            f"{file_name}: a link to a file that is not here: fetch it ('git annex get', for one)"
        )
    if not source.path.exists():
        raise InputError(f"{file_name}: no such file")
    if is_special(source.path):
        raise InputError(f"{file_name}: no regular file but a pipe, a device or a socket: take it away")
    if source.format not in FORMATS:
        raise InputError(f"{file_name}: unknown format '{source.format}': one of {', '.join(FORMATS)}")
    recording = FORMATS[source.format].open(source, reading, file_name)
    _LOG.info("%s: %s", file_name, _description(recording))
    return recording


def _description(recording: Recording) -> str:
    """Say how a file was understood, for the log."""
    start = "start unknown" if recording.start is None else f"starts {recording.start.isoformat()}"
    return (
        f"{recording.source.format}, {', '.join(recording.channels)} at {recording.rate_hz:g} Hz, {start}, "
        f"unit: {recording.unit_how}, participant {recording.source.participant}"
    )
