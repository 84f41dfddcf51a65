"""`inspect`: what each recording holds and how good it is, in one pass over it."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from wearcli.errors import InputError, WearcliError, blamed_on
from wearcli.modality import MIN_QUALITY, MODALITIES, Modality
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Chunk, Recording, Source
from wearcli.recordings.study.discovery import find_recordings
from wearcli.recordings.study.shards import Shard, choose_shard
from wearcli.recordings.study.sisters import Sisters
from wearcli.recordings.tables.gravity import still_magnitudes
from wearcli.signals.clock import Clock
from wearcli.signals.cutting import iter_windows
from wearcli.signals.grid import GAP_PERIODS
from wearcli.signals.quality import Clipping
from wearcli.signals.windows import WindowSpec

# Windows that wear is asked of; a recording shorter than one has no wear.
_RATE_HZ, _WINDOW_S = 30.0, 10.0
_BIN_G, _BINS = 1e-3, 4000


@dataclass
class Inspection:
    """What a recording holds; with `error`, only what was known before it.

    None stands for what cannot be known: no still second, shorter than a window, or of another signal.

    Attributes:
        recording: Its name.
        path: Its file or folder.
        format: Its format.
        participant: Whose it is.
        participant_how: How that is known, in words.
        placement: Where the sensor was worn.
        modality: The signal.
        samples: Number of samples with a time and a value.
        duration_s: From the first sample to the end of the last one, or on to where the device ended, s.
        start: When the first sample was taken, UTC.
        rate_nominal_hz: Rate that the file tells, Hz.
        rate_hz: Rate as measured, Hz.
        unit: Unit of the file.
        unit_how: How the unit is known, in words.
        range_g: Range of the sensor that the file tells, g.
        time: How the time was understood, in words.
        wear: Share of the recording in which the sensor was worn.
        clipped: Share of samples at the range of the sensor.
        gaps: How often more than 3.5 sample periods lie between neighbours.
        gap_s: Time in gaps, s.
        clock_resets: How often the clock was set back.
        stamps_dropped: Samples with duplicate or backward stamps.
        samples_missing: Samples without a time or a value.
        rest_g: Median magnitude of the still seconds, g.
        quality: Mean quality over windows of the signal's own length; see `signals.pulse_quality`.
        good: Share of windows that reach `MIN_QUALITY`.
        warnings: Remarks for people.
        error: Why it could not be read.
    """

    recording: str
    path: str
    format: str
    participant: str
    placement: str | None = None
    modality: str = "acc"
    samples: int = 0
    duration_s: float = 0.0
    start: datetime | None = None
    rate_nominal_hz: float | None = None
    rate_hz: float | None = None
    unit: str | None = None
    unit_how: str | None = None
    range_g: float | None = None
    time: str | None = None
    wear: float | None = None
    clipped: float | None = None
    gaps: int = 0
    gap_s: float = 0.0
    clock_resets: int = 0
    stamps_dropped: int = 0
    samples_missing: int = 0
    rest_g: float | None = None
    quality: float | None = None
    good: float | None = None
    warnings: list[str] = field(default_factory=list)
    error: str | None = None
    participant_how: str = ""


@dataclass
class InspectResult:
    """What all recordings hold.

    Attributes:
        recordings: One row a recording, in order.
        participant_rule: How the participants were recognised, in words.
        notes: Remarks on all of them.
        sidecars: Files beside the recordings, by what they hold.
        not_read: How many files that may be recordings are not read, by suffix.
        participant_doubt: Why the participants are not certain, in one line; "" where they are.
    """

    recordings: list[Inspection]
    participant_rule: str
    notes: list[str]
    sidecars: dict[str, list[str]]
    participant_doubt: str = ""
    not_read: dict[str, int] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        """Number of recordings that could not be read."""
        return sum(row.error is not None for row in self.recordings)

    def to_json(self) -> dict[str, Any]:
        """Return the document that `wearcli inspect --json` prints."""
        return {"failed": self.failed, **dataclasses.asdict(self)}


def inspect(
    paths: Sequence[Path | str],
    *,
    modality: Modality = "acc",
    participant_from: str | None = None,
    reading: Reading | None = None,
    shard: Shard | str | None = None,
    started: Callable[[int], None] = lambda recordings: None,
    finished: Callable[[Inspection], None] = lambda row: None,
) -> InspectResult:
    """Inspect recordings; one that cannot be read becomes a row with `error`.

    Args:
        paths: Recordings, or folders of them.
        modality: The signal.
        participant_from: Rule that tells the participant; see `find_recordings`.
        reading: How to read the files where they do not tell.
        shard: Inspect these recordings of the study alone, such as 3/64.
        started: Called with the number of recordings.
        finished: Called with each row.

    Raises:
        UsageError: There is nothing to read, or no file can be read so.

    Example:
        >>> inspect(["recordings"]).recordings[0].rate_hz
        50.0
    """
    reading = (reading or Reading()).for_signal(modality)
    reading.check()
    folder = find_recordings(
        [Path(path) for path in paths], participant_from=participant_from, modality=modality
    )
    sources = choose_shard(shard, folder.sources)
    started(len(folder.closed) + len(sources))
    rows = [
        Inspection(path, path, "folder", "", modality=modality, error=reason)
        for path, reason in folder.closed.items()
    ]
    for row in rows:
        finished(row)
    for source in sources:
        rows.append(inspect_one(source, reading, folder.sisters))
        finished(rows[-1])
    sidecars = {name: [str(path) for path in files] for name, files in folder.sidecars.items()}
    return InspectResult(
        rows,
        folder.rule,
        folder.problems + folder.sisters.contradictions(),
        sidecars,
        folder.doubt,
        folder.not_read,
    )


def inspect_one(source: Source, reading: Reading, sisters: Sisters) -> Inspection:
    """Read one recording through, in bounded memory."""
    row = Inspection(
        source.recording,
        str(source.path),
        source.format,
        source.participant,
        source.placement,
        reading.modality,
        participant_how=source.participant_how,
    )
    try:
        with blamed_on(source.path):
            recording = sisters.open(source, reading)
            row.start, row.rate_hz, row.rate_nominal_hz = (
                recording.start,
                recording.rate_hz,
                recording.rate_nominal_hz,
            )
            row.unit, row.unit_how = recording.unit_how.split(", ", 1)
            row.range_g, row.time = recording.range_limit, str(recording.provenance.get("time"))
            row.warnings = recording.warnings
            _read_through(recording, row)
    except WearcliError as error:
        row.error = str(error)
    return row


def _read_through(recording: Recording, row: Inspection) -> None:
    """Fill `row` from the samples, in one pass that windows for wear or quality are cut from too."""
    tally = _Tally(recording)
    # The reader's stream, with every chunk counted as it passes by.
    tapped = dataclasses.replace(recording, stream=lambda: tally.counted(recording.chunks()))
    signal = MODALITIES[recording.modality]
    if signal.wear:
        # A whole part of the recording's own rate: the cheapest grid, and wear needs no certain one.
        rate = recording.rate_hz / max(1, round(recording.rate_hz / _RATE_HZ))
        spec = WindowSpec(rate, _WINDOW_S, _WINDOW_S, max_missing=0.9)
        worn = present = 0.0
        for windows in iter_windows(tapped, spec):
            share = 1.0 - windows.missing.astype(np.float64)
            worn += float((windows.wear * share).sum())
            present += float(share.sum())
        row.wear = worn / present if present else None
        row.clipped = tally.clipped / max(tally.samples, 1)
        row.rest_g = tally.rest_g()
    elif signal.quality:
        _judge(tapped, row)
    else:
        for _ in tapped.chunks():
            pass
    tally.end(recording.span.seconds)
    row.samples, row.duration_s = tally.samples, tally.duration_s()
    row.gaps, row.gap_s = tally.gaps, tally.gap_s
    row.clock_resets, row.stamps_dropped = tally.clock.resets, tally.clock.dropped
    row.samples_missing = tally.clock.invalid
    if row.samples == 0:
        raise InputError(f"{row.path}: every sample is missing a value: see --columns")


def _judge(recording: Recording, row: Inspection) -> None:
    """Quality and clipping of PPG or ECG, from one pass over its windows."""
    signal = MODALITIES[recording.modality]
    quality, clipped = [], []
    for windows in iter_windows(recording, WindowSpec(signal.rate_hz, signal.window_s, signal.window_s)):
        quality.append(windows.quality)
        clipped.append(windows.clipped)
    if quality:
        scores = np.concatenate(quality)
        row.quality, row.good = float(scores.mean()), float((scores >= MIN_QUALITY).mean())
        row.clipped = float(np.concatenate(clipped).mean())


class _Tally:
    """Counts over a stream of chunks: gaps, clipping, magnitude at rest."""

    def __init__(self, recording: Recording) -> None:
        self.rate_hz = recording.rate_hz
        self.signal = MODALITIES[recording.modality]
        self.clock = Clock(recording.rate_hz)
        self.clipping = Clipping(recording.range_limit)
        self.samples = self.clipped = self.gaps = 0
        self.gap_s = 0.0
        self.first = self.last = float("nan")
        self.tail_s = 0.0
        # Still seconds by their magnitude: a median in flat memory.
        self.still = np.zeros(_BINS + 1, np.int64)

    def counted(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """The chunks as they are, each counted."""
        for chunk in chunks:
            self._add(*self.clock.mend(chunk))
            yield chunk

    def _add(self, time: np.ndarray, values: np.ndarray) -> None:
        if len(time) == 0:
            return
        steps = np.diff(time, prepend=time[0] if np.isnan(self.last) else self.last)
        gaps = steps[steps > GAP_PERIODS / self.rate_hz]
        self.gaps += len(gaps)
        self.gap_s += float(gaps.sum()) - len(gaps) / self.rate_hz
        self.first = time[0] if np.isnan(self.first) else self.first
        self.last = float(time[-1])
        self.samples += len(time)
        if self.signal.clipping:
            self.clipped += int(np.count_nonzero(self.clipping.find(values)))
        if self.signal.gravity:
            still = still_magnitudes(values, self.rate_hz) / _BIN_G
            self.still += np.bincount(np.minimum(still.astype(np.int64), _BINS), minlength=_BINS + 1)

    def end(self, span_s: float | None) -> None:
        """Count the time after the last sample in which the device recorded none as a gap."""
        if span_s is None or not self.samples:
            return
        tail_s = span_s - (self.last + 1.0 / self.rate_hz)
        if tail_s > GAP_PERIODS / self.rate_hz:
            self.tail_s = tail_s
            self.gaps += 1
            self.gap_s += tail_s

    def duration_s(self) -> float:
        """From the first sample to the end of the last one, and on to where the device ended."""
        length = float(self.last - self.first) + 1.0 / self.rate_hz if self.samples else 0.0
        return length + self.tail_s

    def rest_g(self) -> float | None:
        """Median magnitude of the still seconds, to 1 mg; None without any."""
        total = np.cumsum(self.still)
        if total[-1] == 0:
            return None
        return (float(np.searchsorted(total, total[-1] / 2)) + 0.5) * _BIN_G
