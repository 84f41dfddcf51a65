"""Recordings to windows: the one path that embedding, preprocessing and pretraining share."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from wearcli.modality import MODALITIES, ModalityRecord
from wearcli.recordings.recording import Recording
from wearcli.signals.clock import Clock
from wearcli.signals.grid import Piece, to_grid
from wearcli.signals.quality import CELL_S, Clipping, NonWear, movement, still_cells
from wearcli.signals.windows import Findings, Windows, WindowSpec


def iter_windows(
    recording: Recording, spec: WindowSpec, batch: int = 512, findings: Findings | None = None
) -> Iterator[Windows]:
    """Cut a recording into windows in bounded memory.

    Where wear is judged, a window waits until its wear is decided, at most half an hour of signal.

    Args:
        recording: The recording, read once.
        spec: How to cut.
        batch: Greatest number of windows at a time.
        findings: Filled on the way.
    """
    findings = findings if findings is not None else Findings()
    signal = MODALITIES[recording.modality]
    clock = Clock(recording.rate_hz)
    clipping = Clipping(recording.range_limit) if signal.clipping else None
    cutter = _Cutter(spec, batch, len(recording.channels), signal)
    skip = spec.skipped(recording.start)

    def cut() -> Iterator[Windows]:
        for piece in to_grid(recording.chunks(), recording.rate_hz, spec.rate_hz, clock, clipping):
            findings.seconds += piece.values.shape[1] / spec.rate_hz
            findings.span_s = (piece.first + piece.values.shape[1]) / spec.rate_hz
            if piece.first + piece.values.shape[1] > skip:
                yield from cutter.add(_without_first(piece, skip) if skip else piece)
        yield from cutter.finish()

    for windows in cut():
        yield replace(windows, onset_s=windows.onset_s + skip / spec.rate_hz) if skip else windows
    findings.windows, findings.dropped = cutter.kept, cutter.dropped
    findings.span_s = max(findings.span_s, recording.span.seconds or 0.0)
    findings.warnings += clock.warnings()
    if recording.rate_hz < 0.5 * spec.rate_hz:
        findings.warnings.append(
            f"sampled at {recording.rate_hz:.3g} Hz, cut at {spec.rate_hz:g}: nothing above "
            f"{recording.rate_hz / 2:.3g} Hz is in it"
        )
    if cutter.kept == 0:
        why = "too many gaps (see --max-missing)" if cutter.dropped else f"shorter than {spec.window_s:g} s"
        findings.warnings.append(f"no window: {why}")


def _without_first(piece: Piece, skip: int) -> Piece:
    """A piece on the grid that begins `skip` samples later; some of it lies there."""
    lost = max(0, skip - piece.first)
    return Piece(
        piece.first + lost - skip, piece.values[:, lost:], piece.missing[lost:], piece.clipped[lost:]
    )


class _Cutter:
    """A buffer of `batch` windows of the grid, handed on when full; and the windows that await their wear."""

    def __init__(self, spec: WindowSpec, batch: int, channels: int, signal: ModalityRecord) -> None:
        self.spec, self.signal = spec, signal
        self.quality = signal.quality() if signal.quality else None
        self.block = batch * spec.stride
        self.size = self.block + max(spec.samples - spec.stride, 0)
        self.origin = 0  # grid index of the buffer's first sample, a multiple of the block
        self.end = 0  # grid index after the last sample that came
        self.values = np.zeros((channels, self.size), np.float32)
        self.missing = np.ones(self.size, bool)
        self.clipped = np.zeros(self.size, bool)
        self.nonwear = NonWear()
        self.cells = _Cells(max(1, round(CELL_S * spec.rate_hz)), channels)
        self.waiting: deque[Windows] = deque()
        self.kept = self.dropped = 0

    def add(self, piece: Piece) -> Iterator[Windows]:
        first, count = piece.first, piece.values.shape[1]
        done = 0
        if self.signal.wear:
            empty, still = self.cells.add(piece)
            self.nonwear.skip(empty)
            self.nonwear.add(still)
        while done < count:
            at = first + done - self.origin
            if at >= self.size:
                yield from self._emit()
                if self.missing.all():  # over a gap, be it of years, in one step
                    behind = first + done - self.origin - self.size
                    self.origin += max(0, behind // self.block) * self.block
                continue
            part = min(count - done, self.size - at)
            self.values[:, at : at + part] = piece.values[:, done : done + part]
            self.missing[at : at + part] = piece.missing[done : done + part]
            self.clipped[at : at + part] = piece.clipped[done : done + part]
            done += part
            self.end = first + done

    def finish(self) -> Iterator[Windows]:
        yield from self._emit()
        self.nonwear.finish()
        yield from self._decided()

    def _emit(self) -> Iterator[Windows]:
        """The buffer's windows; then the buffer moves on by one block."""
        if not self.missing.all():
            self._cut()
        overlap = self.size - self.block
        for array, empty in ((self.values, 0.0), (self.missing, True), (self.clipped, False)):
            tail = array[..., self.block :].copy()
            array[..., :overlap] = tail
            array[..., overlap:] = empty
        self.origin += self.block
        yield from self._decided()

    def _cut(self) -> None:
        spec = self.spec
        starts = np.arange(0, self.block, spec.stride)
        starts = starts[self.origin + starts + spec.samples <= self.end]
        missing = _share(self.missing, starts, spec.samples)
        keep = (missing <= spec.max_missing) & (missing < 1.0)
        # A window wholly in a long gap was never there to be dropped.
        self.dropped += int(np.count_nonzero(~keep & (missing < 1.0)))
        starts, missing = starts[keep], missing[keep]
        if len(starts) == 0:
            return
        self.kept += len(starts)
        view = np.lib.stride_tricks.sliding_window_view(self.values, spec.samples, axis=1)
        values = np.ascontiguousarray(view[:, starts].transpose(1, 2, 0))
        for row in np.flatnonzero(missing > 0):
            _hold(values[row], self.missing[starts[row] : starts[row] + spec.samples])
        nan = np.full(len(starts), np.nan, np.float32)
        quality, clipped = nan, nan
        if self.signal.clipping:
            clipped = _share(self.clipped, starts, spec.samples)
        if self.quality:
            quality, clipped = self.quality(values, spec.rate_hz)
        self.waiting.append(
            Windows(
                index=(self.origin + starts) // spec.stride,
                onset_s=(self.origin + starts) / spec.rate_hz,
                values=values,
                missing=missing,
                clipped=clipped,
                wear=nan,
                movement_g=movement(values) if self.signal.movement else nan,
                quality=quality,
            )
        )

    def _decided(self) -> Iterator[Windows]:
        length = self.spec.samples / self.spec.rate_hz
        decided = self.nonwear.decided_s() if self.signal.wear else np.inf
        while self.waiting and self.waiting[0].onset_s[-1] + length <= decided:
            windows = self.waiting.popleft()
            if self.signal.wear:
                windows.wear = self.nonwear.wear(windows.onset_s, windows.onset_s + length)
            yield windows


class _Cells:
    """Collects grid samples into stillness cells, over the edges of pieces and gaps."""

    def __init__(self, cell: int, channels: int) -> None:
        self.cell = cell
        self.next = 0  # grid index after the last sample held
        self.values = np.zeros((channels, 0), np.float32)
        self.missing = np.zeros(0, bool)

    def add(self, piece: Piece) -> tuple[int, np.ndarray]:
        """Cells that a gap before this piece leaves empty; stillness of those it completes, (n,) bool."""
        gap = piece.first - self.next
        empty = 0
        if gap > 2 * self.cell:  # do not lay out days of nothing
            begin = self.next - len(self.missing)
            empty = (piece.first - begin) // self.cell
            gap = piece.first - (begin + empty * self.cell)
            self.values, self.missing = self.values[:, :0], self.missing[:0]
        values = np.concatenate(
            (self.values, np.zeros((len(self.values), gap), np.float32), piece.values), axis=1
        )
        missing = np.concatenate((self.missing, np.ones(gap, bool), piece.missing))
        self.next = piece.first + piece.values.shape[1]
        cells = len(missing) // self.cell
        used = cells * self.cell
        still = still_cells(
            values[:, :used].reshape(len(values), cells, self.cell), missing[:used].reshape(cells, self.cell)
        )
        self.values, self.missing = values[:, used:], missing[used:]
        return empty, still


def _share(mask: np.ndarray, starts: np.ndarray, samples: int) -> np.ndarray:
    """Share of True in each window, (n,) float32."""
    total = np.concatenate(([0], np.cumsum(mask)))
    return np.asarray(((total[starts + samples] - total[starts]) / samples).astype(np.float32))


def _hold(values: np.ndarray, missing: np.ndarray) -> None:
    """Fill what is missing of one window, in place, by a straight line between its neighbours.

    values: (samples, channels); at a window's end the nearest value holds.
    """
    present = np.flatnonzero(~missing)
    lost = np.flatnonzero(missing)
    for channel in range(values.shape[1]):
        values[lost, channel] = np.interp(lost, present, values[present, channel])
