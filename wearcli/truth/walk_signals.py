"""The signal of walks beside their contacts, read recording by recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wearcli.errors import UsageError
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Source
from wearcli.recordings.study.discovery import find_recordings
from wearcli.signals.cutting import iter_windows
from wearcli.signals.gait.trunk import PLACEMENTS
from wearcli.signals.windows import Findings, WindowSpec
from wearcli.truth.events import Steps
from wearcli.truth.in_step import MARGIN_S, RATE_HZ, compare_steps
from wearcli.truth.result import GaitTruth
from wearcli.truth.strides import Walk

PIECE_S = 0.5  # of signal that is read at once
MOST_NAMED = 5  # walks in one note


@dataclass(frozen=True)
class WalkSignals:
    """Recordings in which the contacts of walks are looked for.

    Attributes:
        sources: The recordings, by name.
        reading: How the files are read.
        result: To which counts, notes and failures go.
    """

    sources: dict[str, Source]
    reading: Reading
    result: GaitTruth

    @classmethod
    def from_study(
        cls, folder: Path, participant_from: str | None, reading: Reading, result: GaitTruth
    ) -> "WalkSignals":
        """Return the recordings of a folder."""
        study = find_recordings([folder], participant_from=participant_from)
        return cls({source.recording: source for source in study.sources}, reading, result)

    def in_step(self, walks: Sequence[Walk], steps: dict[str, dict[str, Steps]]) -> list[Walk]:
        """Return the walks that are not out of step with their signal; the others are named in a note.

        Args:
            walks: The walks.
            steps: The events of both feet, by recording.

        Raises:
            UsageError: No walk is of one of the recordings.
        """
        by_recording: dict[str, list[Walk]] = {}
        for walk in walks:
            by_recording.setdefault(walk.recording, []).append(walk)
        if not any(name in self.sources for name in by_recording):
            names = f"such as {next(iter(by_recording))}" if by_recording else "none"
            raise UsageError(
                f"--for: no recording there has a name of the events ({names}): names of recordings are "
                "those of 'wearcli inspect'"
            )
        faults: dict[Walk, str] = {}
        unseen = 0
        for name, own in by_recording.items():
            source = self.sources.get(name)
            if source is None or source.placement not in (None, *PLACEMENTS):
                unseen += len(own)
                continue

            def rows(
                source: Source, own: list[Walk] = own, feet: dict[str, Steps] = steps[name]
            ) -> pd.DataFrame:
                return pd.DataFrame({"walk": own, "fault": self._faults(source, own, feet)})

            table = self.result.read(source, rows)
            unseen += len(own) if not len(table) else int(table["fault"].isna().sum())
            if len(table):
                faults |= {walk: why for walk, why in zip(table["walk"], table["fault"], strict=True) if why}
        self._note(faults, unseen)
        return [walk for walk in walks if walk not in faults]

    def _faults(self, source: Source, walks: list[Walk], feet: dict[str, Steps]) -> list[str | None]:
        """What is wrong with walks of a recording: "" for one in step, None where that cannot be seen."""
        contacts = np.sort(np.concatenate([foot.contact for foot in feet.values()]))
        values, end_s = self._signals(source, walks)
        faults: list[str | None] = []
        for walk, (begin_s, signal) in zip(walks, values, strict=True):
            inside = contacts[(contacts >= walk.onset) & (contacts <= walk.onset + walk.duration)]
            if beyond := int(np.count_nonzero(inside > end_s)):
                faults.append(f"{beyond} of {len(inside)} contacts lie after the end of the signal")
                continue
            compared = compare_steps(signal, begin_s, inside) if len(signal) else None
            faults.append(None if compared is None else compared.fault or "")
        return faults

    def _signals(self, source: Source, walks: list[Walk]) -> tuple[list[tuple[float, np.ndarray]], float]:
        """Time of the first sample, s, and the samples of each walk with a margin; none of one with a gap.

        Beside it the end of the recording, s.
        """
        spec = WindowSpec(RATE_HZ, PIECE_S, PIECE_S, max_missing=0.5)
        length = spec.samples
        kept: list[dict[int, np.ndarray]] = [{} for _ in walks]
        spans = [
            (
                int(max(0.0, walk.onset - MARGIN_S) / PIECE_S),
                int((walk.onset + walk.duration + MARGIN_S) / PIECE_S),
            )
            for walk in walks
        ]
        findings = Findings()
        for windows in iter_windows(open_recording(source, self.reading), spec, findings=findings):
            for pieces, (first, last) in zip(kept, spans, strict=True):
                inside = np.flatnonzero((windows.index >= first) & (windows.index <= last))
                pieces.update({int(windows.index[row]): windows.values[row] for row in inside})
        signals = []
        for pieces in kept:
            numbers = sorted(pieces)
            whole = bool(numbers) and numbers[-1] - numbers[0] + 1 == len(numbers)
            signal = np.concatenate([pieces[number] for number in numbers]) if whole else np.zeros((0, 3))
            signals.append((numbers[0] * length / RATE_HZ if whole else 0.0, signal))
        return signals, findings.span_s

    def _note(self, faults: dict[Walk, str], unseen: int) -> None:
        """Count and name the walks that are out of step, and those of which it cannot be seen."""
        self.result.left_out["walks out of step with their signal"] = len(faults)
        for walk, why in list(faults.items())[:MOST_NAMED]:
            self.result.notes.append(f"out of step, left out: {walk.recording} at {walk.onset:g} s: {why}")
        if len(faults) > MOST_NAMED:
            self.result.notes.append(f"and {len(faults) - MOST_NAMED} more walks out of step")
        if unseen:
            self.result.notes.append(
                f"{unseen} walks could not be compared with a signal (no recording of the name at the trunk, "
                "a gap, or few contacts): they are kept"
            )
