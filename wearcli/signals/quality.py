"""Quality of acceleration: clipping, stillness, non-wear, movement."""

import numpy as np

CELL_S = 10.0  # the step in which stillness is judged
NONWEAR_S = 30 * 60.0  # stillness of this length is a sensor that nobody wears
STILL_SD_G = 0.013  # van Hees et al. 2011 (PLoS ONE 6:e22922): 2 of 3 axes with SD < 13 mg and range < 50 mg
STILL_RANGE_G = 0.050
RANGES_G = (1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0)
RANGE_TOLERANCE = 0.025  # sensors saturate a little beside their nominal range


class Clipping:
    """Finds clipped samples, chunk by chunk.

    With a known `limit` (the device's range, g) a sample within a per cent of it is clipped (of 8 signed bits
    the positive rail lies one step lower). Without
    one, two or more equal neighbours on an axis are, if they lie at one of the ranges that devices have
    (`RANGES_G`) and nothing so far went beyond it: a crest below it may repeat a value too.
    """

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        self._highest = 0.0

    def find(self, values: np.ndarray) -> np.ndarray:
        """values: (samples, 3) g -> (samples,) bool."""
        size = np.abs(values)
        if self.limit is not None:
            return (size >= 0.99 * self.limit).any(axis=1)
        self._highest = max(self._highest, float(size.max(initial=0.0)))
        limit = min(RANGES_G, key=lambda limit_g: abs(limit_g - self._highest))
        if abs(self._highest - limit) > RANGE_TOLERANCE * limit:
            return np.zeros(len(values), bool)
        same = np.diff(values, axis=0) == 0
        flat = np.zeros(values.shape, bool)
        flat[1:] |= same
        flat[:-1] |= same
        return (flat & (size >= (1 - RANGE_TOLERANCE) * limit)).any(axis=1)


def still_cells(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Which cells are still (van Hees et al. 2011).

    values: (3, cells, samples) g; missing: (cells, samples) bool. -> (cells,) bool; a cell of which more
    than half is missing is not.
    """
    still_axes = (values.std(axis=2) < STILL_SD_G) & (np.ptp(values, axis=2) < STILL_RANGE_G)
    return (still_axes.sum(axis=0) >= 2) & (missing.mean(axis=1) <= 0.5)


class NonWear:
    """Stillness by cell in time order, and from it wear: a still run of `NONWEAR_S` or more is non-wear."""

    def __init__(self) -> None:
        self._need = round(NONWEAR_S / CELL_S)
        self._cells = 0
        self._run: int | None = None  # first cell of the still run at the end
        self._unworn: list[tuple[int, int]] = []  # runs that have ended, in cells
        self._finished = False

    def add(self, still: np.ndarray) -> None:
        """The next cells, (n,) bool."""
        for cell in still.tolist():
            if not cell:
                self._end_run()
            elif self._run is None:
                self._run = self._cells
            self._cells += 1

    def skip(self, cells: int) -> None:
        """The next cells hold nothing: no run goes on over them."""
        if cells:
            self._end_run()
            self._cells += cells

    def finish(self) -> None:
        """No more cells come: a still run at the end that is too short was wear."""
        self._end_run()
        self._finished = True

    def decided_s(self) -> float:
        """Seconds from the start whose wear no later cell can change."""
        if self._finished:
            return np.inf
        open_run = self._run is not None and self._cells - self._run < self._need
        return CELL_S * (self._run if open_run and self._run is not None else self._cells)

    def wear(self, begin_s: np.ndarray, end_s: np.ndarray) -> np.ndarray:
        """Worn share of each interval, (n,) float32; begin_s rises."""
        runs = self._unworn
        if self._run is not None and self._cells - self._run >= self._need:
            runs = [*runs, (self._run, self._cells)]
        unworn = np.zeros(len(begin_s))
        for begin, end in reversed(runs):
            if end * CELL_S <= begin_s[0]:
                break
            shared = np.minimum(end_s, end * CELL_S) - np.maximum(begin_s, begin * CELL_S)
            unworn += np.maximum(shared, 0.0)
        return (1.0 - unworn / (end_s - begin_s)).astype(np.float32)

    def _end_run(self) -> None:
        if self._run is not None and self._cells - self._run >= self._need:
            self._unworn.append((self._run, self._cells))
        self._run = None


def movement(values: np.ndarray) -> np.ndarray:
    """Mean amplitude deviation of the vector magnitude (Vaha-Ypya et al. 2015), g.

    values: (windows, samples, 3) g -> (windows,) float32.
    """
    magnitude = np.sqrt(np.einsum("nsc,nsc->ns", values, values))
    magnitude -= magnitude.mean(axis=1, keepdims=True)
    return np.abs(magnitude, out=magnitude).mean(axis=1)
