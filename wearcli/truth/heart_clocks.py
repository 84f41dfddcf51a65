"""On whose clock the rows of a recording of PPG or ECG are told: that of the acceleration they are for."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from wearcli.errors import UsageError, WearcliError
from wearcli.recordings.recording import Source
from wearcli.recordings.study.discovery import find_recordings
from wearcli.recordings.study.naming import told_modality
from wearcli.recordings.study.pairs import Span, pair_recordings


@dataclass(frozen=True)
class Clock:
    """recording: whose onsets are told. shift_s: from its start to the signal's. start: its own, where both
    starts are known."""

    recording: str
    shift_s: float = 0.0
    start: datetime | None = None


@dataclass
class Clocks:
    """of: by the name of a signal's recording. how: by which rule ("name", "time", "participant", or "own":
    there is no acceleration), how many. together: how many are taken to start together, as a start is not
    known. failed: recordings of acceleration that cannot be opened; signals of their name are not in `of`.
    """

    of: dict[str, Clock] = field(default_factory=dict)
    how: Counter[str] = field(default_factory=Counter)
    together: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)


def find_clocks(
    signals: Mapping[Source, Span],
    main: Sequence[Path],
    paths: Sequence[Path],
    participant_from: str | None,
    head: Callable[[Source], Span],
) -> Clocks:
    """The clock of each recording of a signal, of which start and duration (s) are given.

    main: where the acceleration is; none: among the signals' own `paths`, if there is any. Recordings of one
    name (but for .ppg and .acc at its end) go together, else by participant and time as `pair_recordings` has
    it. head: start and duration of a recording of acceleration, or its error. Raises UsageError where `main`
    has none.
    """
    found = Clocks()
    mains: dict[Source, Span] = {}
    broken: set[str] = set()
    for source in _accelerations(main, paths, participant_from):
        try:
            mains[source] = head(source)
        except WearcliError as error:
            # A file of the signal alone is no recording of acceleration, whoever searched its folder for one.
            if source.path not in {signal.path for signal in signals}:
                found.failed.append({"recording": source.recording, "error": str(error)})
                broken.add(_less_signal(source))
    if main and not mains and not found.failed:
        raise UsageError(
            f"{', '.join(map(str, main))}: no recording of acceleration: name another with --for"
        )
    named = {_less_signal(source): source for source in mains}
    rest = [signal for signal in signals if _less_signal(signal) not in named.keys() | broken]
    both = mains | dict(signals)
    pairs = pair_recordings(list(mains), rest, None, both.__getitem__)
    found.how.update(pairs.how)
    for signal in signals:
        if (own := named.get(_less_signal(signal))) is not None:
            found.of[signal.recording] = _clock(own.recording, mains[own], signals[signal])
            found.how["name"] += 1
    for pair in pairs.pairs:
        clock = _clock(pair.reference.recording, mains[pair.reference], signals[pair.main])
        found.of[pair.main.recording] = clock
    found.together = sum(clock.start is None for clock in found.of.values())
    for recording in pairs.alone:
        found.of[recording] = Clock(recording)
        found.how["own"] += 1
    return found


def _less_signal(source: Source) -> str:
    """The recording's name without the signal that its last word tells, as in P1_rest.ppg."""
    parts = re.fullmatch(r"(.+)[._-]([^._-]+)", source.recording)
    return parts[1] if parts and told_modality(Path(parts[2])) else source.recording


def _clock(recording: str, main: Span, signal: Span) -> Clock:
    start, began = main[0], signal[0]
    if start is None or began is None:
        return Clock(recording)
    return Clock(recording, (began - start).total_seconds(), start)


def _accelerations(main: Sequence[Path], paths: Sequence[Path], participant_from: str | None) -> list[Source]:
    try:
        return find_recordings(main or paths, participant_from=participant_from).sources
    except UsageError:
        if main:
            raise
        return []  # a study of one signal alone
