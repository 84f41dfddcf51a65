"""The clock of a recording of PPG or ECG: that of the acceleration that its rows are for."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from wearcli.errors import UsageError, WearcliError
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Source
from wearcli.recordings.study.discovery import find_recordings
from wearcli.recordings.study.naming import named_signal
from wearcli.recordings.study.pairs import Span, pair_recordings
from wearcli.truth.spans import read_span


@dataclass(frozen=True)
class Clock:
    """A clock for onsets.

    Attributes:
        recording: The recording whose clock it is.
        shift_s: From its start to the signal's, s.
        start: Its start, where both starts are known.
        acceleration: The recording of acceleration, where it is one.
    """

    recording: str
    shift_s: float = 0.0
    start: datetime | None = None
    acceleration: Source | None = None


@dataclass
class Clocks:
    """The clocks of a study's signals.

    Attributes:
        by_signal: The clock, by the name of a signal's recording.
        how: Recordings by rule: "name", "time", "participant", or "own" where there is no acceleration.
        together: Recordings that are taken to start with their acceleration, as a start is not known.
        failed: Recordings of acceleration that cannot be opened; signals of their name have no clock.
    """

    by_signal: dict[str, Clock] = field(default_factory=dict)
    how: Counter[str] = field(default_factory=Counter)
    together: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)


def find_clocks(
    signals: Mapping[Source, Span],
    main: Sequence[Path],
    paths: Sequence[Path],
    participant_from: str | None,
    reading: Reading,
) -> Clocks:
    """Find the clock of every recording of a signal.

    Recordings of one name (but for .ppg and .acc at its end) go together, else by participant and time
    (`pair_recordings`).

    Args:
        signals: Start and duration (s) of the signals' recordings.
        main: Where the acceleration is; none: in `paths`, if it is there.
        paths: Where the signals are.
        participant_from: See `find_recordings`.
        reading: How acceleration is read.

    Raises:
        UsageError: There is no acceleration in `main`.
    """
    clocks = Clocks()
    mains: dict[Source, Span] = {}
    broken: set[str] = set()
    signal_paths = {signal.path for signal in signals}
    for source in _accelerations(main, paths, participant_from):
        try:
            mains[source] = read_span(source, reading)
        except WearcliError as error:
            # A file of the signal alone is no recording of acceleration, though its folder was searched.
            if source.path not in signal_paths:
                clocks.failed.append({"recording": source.recording, "error": str(error)})
                broken.add(_base_name(source))
    if main and not mains and not clocks.failed:
        raise UsageError(
            f"{', '.join(map(str, main))}: no recording of acceleration: name another with --for"
        )
    named = {_base_name(source): source for source in mains}
    rest = [signal for signal in signals if _base_name(signal) not in named.keys() | broken]
    both = mains | dict(signals)
    pairs = pair_recordings(list(mains), rest, None, both.__getitem__)
    clocks.how.update(pairs.how)
    for signal in signals:
        if (own := named.get(_base_name(signal))) is not None:
            clocks.by_signal[signal.recording] = _clock(own, mains[own], signals[signal])
            clocks.how["name"] += 1
    for pair in pairs.pairs:
        clock = _clock(pair.reference, mains[pair.reference], signals[pair.main])
        clocks.by_signal[pair.main.recording] = clock
    clocks.together = sum(clock.start is None for clock in clocks.by_signal.values())
    for recording_name in pairs.alone:
        clocks.by_signal[recording_name] = Clock(recording_name)
        clocks.how["own"] += 1
    return clocks


def _base_name(source: Source) -> str:
    """The recording's name without the signal in its last word, as in P1_rest.ppg."""
    parts = re.fullmatch(r"(.+)[._-]([^._-]+)", source.recording)
    return parts[1] if parts and named_signal(Path(parts[2])) else source.recording


def _clock(acceleration: Source, main: Span, signal: Span) -> Clock:
    main_start, signal_start = main[0], signal[0]
    if main_start is None or signal_start is None:
        return Clock(acceleration.recording, acceleration=acceleration)
    shift_s = (signal_start - main_start).total_seconds()
    return Clock(acceleration.recording, shift_s, main_start, acceleration)


def _accelerations(main: Sequence[Path], paths: Sequence[Path], participant_from: str | None) -> list[Source]:
    try:
        return find_recordings(main or paths, participant_from=participant_from).sources
    except UsageError:
        if main:
            raise
        return []  # a study of one signal alone
