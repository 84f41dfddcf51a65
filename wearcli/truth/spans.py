"""Start and duration of recordings, from their heads alone."""

import numpy as np

from wearcli.errors import WearcliError
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Source
from wearcli.recordings.study.pairs import Span
from wearcli.recordings.tables.zone import clock_zone


def read_span(source: Source, reading: Reading) -> Span:
    """Return start (None where it is not known) and duration (s; infinite where it is not known).

    Raises:
        WearcliError: The recording cannot be opened.
    """
    recording = open_recording(source, reading)
    return recording.start, recording.duration_s or np.inf


def span_or_start(source: Source, reading: Reading) -> Span:
    """Return `read_span`; for a recording that cannot be opened the start of recordings.csv.

    Its error is named where it is read through.
    """
    try:
        return read_span(source, reading)
    except WearcliError:
        start, own = source.start, source.reading
        zone = clock_zone(None, (reading.with_own(own) if own else reading).timezone)
        return None if start is None else zone.utc(start), np.inf
